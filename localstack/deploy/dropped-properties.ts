/**
 * What a template asks for and the emulator's CloudFormation forgets without a word. A pure reading of one template: each wish
 * that can be granted by API afterwards, and a refusal for any other on the list, since a rehearsal that silently lacks what AWS
 * would have proves nothing. The list is by measurement (localstack/README.md), so it grows with what the stacks use.
 */
import type { Template } from "./assembly.ts";
import { BUCKET_RULES, type BucketWish } from "./dropped-bucket.ts";

export type Wish =
  | BucketWish
  | { readonly kind: "time-to-live"; readonly logicalId: string; readonly attribute: string }
  | { readonly kind: "point-in-time-recovery"; readonly logicalId: string }
  | { readonly kind: "deletion-protection"; readonly logicalId: string }
  | { readonly kind: "reserved-concurrency"; readonly logicalId: string; readonly executions: number }
  | { readonly kind: "dead-letter-queue"; readonly logicalId: string; readonly queueLogicalId: string };

export type Reading = { readonly wishes: readonly Wish[]; readonly refusals: readonly string[] };

type Rule = (logicalId: string, value: unknown, region: string) => Wish | "nothing" | "unknown";

const isOff = (value: unknown): boolean => value === undefined || value === false;

const timeToLive: Rule = (logicalId, value) => {
  const { AttributeName, Enabled } = record(value);
  if (isOff(Enabled)) return "nothing";
  return typeof AttributeName === "string" && Enabled === true ? { kind: "time-to-live", logicalId, attribute: AttributeName } : "unknown";
};

const pointInTime: Rule = (logicalId, value) => {
  const { PointInTimeRecoveryEnabled } = record(value);
  if (isOff(PointInTimeRecoveryEnabled)) return "nothing";
  return PointInTimeRecoveryEnabled === true ? { kind: "point-in-time-recovery", logicalId } : "unknown";
};

const deletionProtection: Rule = (logicalId, value) => {
  if (isOff(value)) return "nothing";
  return value === true ? { kind: "deletion-protection", logicalId } : "unknown";
};

/** A template may hold `{"Fn::GetAtt": ["Queue", "Arn"]}`; a queue of another stack is not looked up. */
const deadLetter: Rule = (logicalId, value) => {
  const attribute = record(record(value).TargetArn)["Fn::GetAtt"];
  if (!Array.isArray(attribute) || typeof attribute[0] !== "string" || attribute[1] !== "Arn") return "unknown";
  return { kind: "dead-letter-queue", logicalId, queueLogicalId: attribute[0] };
};

const reserved: Rule = (logicalId, value) => (typeof value === "number" ? { kind: "reserved-concurrency", logicalId, executions: value } : "unknown");

const refused: Rule = () => "unknown";

const RULES: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  "AWS::DynamoDB::Table": { TimeToLiveSpecification: timeToLive, PointInTimeRecoverySpecification: pointInTime },
  "AWS::DynamoDB::GlobalTable": { TimeToLiveSpecification: timeToLive, MultiRegionConsistency: refused, GlobalTableWitnesses: refused },
  "AWS::Lambda::Function": { ReservedConcurrentExecutions: reserved, DeadLetterConfig: deadLetter },
  "AWS::S3::Bucket": BUCKET_RULES,
};
/** A global table keeps these with each replica; in a rehearsal there is one, at home. */
const REPLICA_RULES: Readonly<Record<string, Rule>> = {
  PointInTimeRecoverySpecification: pointInTime,
  DeletionProtectionEnabled: deletionProtection,
};

export function readDropped(template: Template, region: string): Reading {
  const wishes: Wish[] = [];
  const refusals: string[] = [];
  const judge = (logicalId: string, type: string, rules: Readonly<Record<string, Rule>>, properties: Readonly<Record<string, unknown>>): void => {
    for (const [property, rule] of Object.entries(rules)) {
      if (properties[property] === undefined) continue;
      const outcome = rule(logicalId, properties[property], region);
      if (outcome === "unknown") refusals.push(`${logicalId} (${type}): ${property} ${JSON.stringify(properties[property])}`);
      else if (outcome !== "nothing") wishes.push(outcome);
    }
  };
  for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
    judge(logicalId, Type, RULES[Type] ?? {}, Properties);
    if (Type !== "AWS::DynamoDB::GlobalTable") continue;
    const replicas = Array.isArray(Properties.Replicas) ? Properties.Replicas.map(record) : [];
    for (const replica of replicas) {
      if (replica.Region !== region && !isOwnRegion(replica.Region))
        refusals.push(`${logicalId} (${Type}): a replica in ${JSON.stringify(replica.Region)}`);
      else judge(logicalId, Type, REPLICA_RULES, replica);
    }
  }
  return { wishes, refusals };
}

function isOwnRegion(value: unknown): boolean {
  return record(value).Ref === "AWS::Region";
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
