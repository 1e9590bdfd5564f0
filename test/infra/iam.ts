/**
 * IAM's policies as plain text, so that they can be compared and asked: names that CloudFormation fills in are filled in, each statement is
 * taken apart into one permission an action and resource, and a request is allowed or not by the rules that these policies use.
 */
import { list, type Statement } from "./synthesis.ts";

export const ACCOUNT = "123456789012";
export type Permission = { readonly action: string; readonly resource: string; readonly conditions: Conditions };
type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
export type Request = { readonly action: string; readonly resource: string; readonly keys?: Readonly<Record<string, string>> };

/** `Ref`, `Fn::GetAtt` and `Fn::Join` as text. */
export function inFull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inFull);
  if (value === null || typeof value !== "object") return value;
  const { Ref, "Fn::GetAtt": attribute, "Fn::Join": join } = value as Record<string, unknown>;
  if (Ref !== undefined) return Ref === "AWS::AccountId" ? ACCOUNT : Ref;
  if (attribute !== undefined) return (attribute as string[]).join(".");
  if (join !== undefined) return (inFull((join as [string, unknown[]])[1]) as string[]).join((join as [string])[0]);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inFull(inner)]));
}

export function permissionsOf(statements: readonly Pick<Statement, "Effect" | "Action" | "Resource" | "Condition">[]): Permission[] {
  return statements.flatMap(({ Effect, Action, Resource, Condition }) => {
    if (Effect !== "Allow") throw new Error("a denial is not taken apart here");
    const conditions = inFull(Condition ?? {}) as Conditions;
    const resources = list(Resource as string | string[]).map((each) => inFull(each) as string);
    return list(Action).flatMap((action) => resources.map((resource) => ({ action, resource, conditions })));
  });
}

/** For comparison: the order of conditions says nothing. */
export function asText({ action, resource, conditions }: Permission): string {
  const parts = Object.entries(conditions).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => `${operator} ${key} ${[...list(values as string | string[])].toSorted().join(" ")}`),
  );
  return [`${action} on ${resource}`, ...parts.toSorted()].join(" if ");
}

const escaped = (text: string): string => text.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&");
const isLike = (found: string, pattern: string): boolean => new RegExp(`^${escaped(pattern).replaceAll("*", ".*")}$`).test(found);
const OPERATORS: Readonly<Record<string, (found: string, wanted: string) => boolean>> = {
  StringEquals: (found, wanted) => found === wanted,
  "ForAnyValue:StringEquals": (found, wanted) => found === wanted,
  StringLike: isLike,
};

export function allows(permissions: readonly Permission[], { action, resource, keys = {} }: Request): boolean {
  return permissions.some(
    (each) =>
      each.action === action &&
      isLike(resource, each.resource) &&
      Object.entries(each.conditions).every(([operator, wanted]) =>
        Object.entries(wanted).every(([key, values]) => {
          const test = OPERATORS[operator];
          if (test === undefined) throw new Error(`${operator} is not among the operators that are understood here`);
          const found = keys[key];
          return found !== undefined && list(values as string | string[]).some((value) => test(found, value));
        }),
      ),
  );
}
