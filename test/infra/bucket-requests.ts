/**
 * Which denials of a bucket's policy a request meets, by the rules of IAM as far as these policies use them: a statement denies
 * when action and resource fit and every condition holds; a negated or an ordering operator holds or not by the rules for a key
 * that the request does not carry.
 */
import { list, only, resourcesOf, type Statement, type Template } from "./synthesis.ts";

/** The action and the condition keys of a request. */
export type Denial = Readonly<Record<string, string | undefined>>;

type Test = (found: string | undefined, wanted: string) => boolean;

const OPERATORS: Readonly<Record<string, Test>> = {
  Null: (found, wanted) => (found === undefined) === (wanted === "true"),
  Bool: (found, wanted) => found === wanted,
  StringEquals: (found, wanted) => found === wanted,
  StringNotEquals: (found, wanted) => found !== wanted,
  NumericLessThan: (found, wanted) => found !== undefined && Number(found) < Number(wanted),
};

/** The statements' names; a nameless one is called by its condition. */
export function denials(template: Template, bucketName: unknown, request: Denial): string[] {
  const { PolicyDocument, Bucket } = only(resourcesOf(template, "AWS::S3::BucketPolicy")).Properties as {
    PolicyDocument: { Statement: (Statement & { Sid?: string })[] };
    Bucket: { Ref: string };
  };
  if (template.Resources[Bucket.Ref]?.Properties.BucketName !== bucketName) throw new Error("the policy is another bucket's");
  return PolicyDocument.Statement.filter((statement) => statement.Effect === "Deny" && meets(statement, request)).map(
    ({ Sid, Condition }) => Sid ?? Object.keys(Object.values(Condition ?? {})[0] ?? {}).join(),
  );
}

function meets({ Action, Condition = {}, Principal }: Statement, request: Denial): boolean {
  if (JSON.stringify(Principal) !== '{"AWS":"*"}') throw new Error(`a denial for ${JSON.stringify(Principal)} alone`);
  if (!list(Action).some((action) => action === request.action || action === "s3:*")) return false;
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const test = OPERATORS[operator];
      if (!test) throw new Error(`${operator} is not among the operators that are understood here`);
      return list(wanted as string | string[]).some((value) => test(request[key], String(value)));
    }),
  );
}
