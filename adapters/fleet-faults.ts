/** Turns what zod says about a fleet file into what a person needs: which field, what was found there, what is allowed. */
import type * as z from "zod";
import { nearest } from "../core/kernel/nearest-name.ts";

type Path = readonly (string | number)[];
/** `key` where it is a name, and not its value, that is wrong. */
export type FieldFault = { path: Path; found: string; allowed: string; key?: true };

type Issue = z.core.$ZodIssue;

const FOUND_LENGTH_MAX = 60;

const TYPES: Record<string, string> = {
  object: "a map of named fields",
  record: "a map of named fields",
  array: "a list",
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

/** One fault for each issue; a fault within a union is told for the alternative that was most likely meant. */
export function fieldFaults(issues: readonly Issue[], input: unknown, shape: z.ZodType, base: Path = []): FieldFault[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...(issue.path as Path)];
    const found = describe(at(input, path));
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(key, path, shape));
    if (issue.code !== "invalid_union") return [{ path, found, allowed: allowedBy(issue) }];
    if (issue.discriminator !== undefined && issue.errors.length === 0) return [discriminatorFault(path, issue, input, shape)];
    const meant = likeliest(issue.errors);
    return meant.length > 0 ? fieldFaults(meant, input, shape, path) : [{ path, found, allowed: issue.message }];
  });
}

/** The alternative that accepted the value's type and stumbled later says more than the one that wanted another type. */
function likeliest(alternatives: readonly (readonly Issue[])[]): readonly Issue[] {
  const stumbledAtOnce = (issues: readonly Issue[]) => issues.some((issue) => issue.code === "invalid_type" && issue.path.length === 0);
  return alternatives.find((issues) => !stumbledAtOnce(issues)) ?? alternatives[0] ?? [];
}

function discriminatorFault(path: Path, issue: Issue & { code: "invalid_union" }, input: unknown, shape: z.ZodType): FieldFault {
  const field = issue.discriminator ?? "";
  const own = path.at(-1) === field ? path : [...path, field];
  const options = optionsOf(shapeAt(shape, own.slice(0, -1)), field);
  const value = at(input, own);
  const hint = typeof value === "string" ? nearest(value, options) : "";
  return { path: own, found: describe(value), allowed: `${options.map((option) => JSON.stringify(option)).join(" or ") || issue.message}${hint}` };
}

function unknownKey(key: string, path: Path, shape: z.ZodType): FieldFault {
  const names = fieldsOf(shapeAt(shape, path));
  const allowed = names.length > 0 ? `${names.join(", ")}${nearest(key, names)}` : "fewer names";
  return { path: [...path, key], found: `the unknown name ${JSON.stringify(key)}`, allowed, key: true };
}

function allowedBy(issue: Exclude<Issue, { code: "unrecognized_keys" | "invalid_union" }>): string {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? issue.expected;
    case "invalid_value":
      return (
        issue.values.map((value) => JSON.stringify(value)).join(", ") +
        (typeof issue.input === "string" ? nearest(issue.input, issue.values.map(String)) : "")
      );
    case "too_small":
      return `${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${amountOf(issue.origin)}`;
    case "too_big":
      return `${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${amountOf(issue.origin)}`;
    case "invalid_format":
      if (issue.format === "url") return "a URL that begins with http:// or https://";
      return issue.message.startsWith("Invalid") ? `text like ${issue.pattern ?? issue.format}` : issue.message;
    default:
      return issue.message;
  }
}

function amountOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " entries" : "";
}

export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return `a map with ${Object.keys(value).slice(0, 5).join(", ") || "no fields"}`.slice(0, FOUND_LENGTH_MAX);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > FOUND_LENGTH_MAX ? `${text.slice(0, FOUND_LENGTH_MAX)}…` : text;
}

function at(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path)
    here = typeof here === "object" && here !== null && Object.hasOwn(here, step) ? (here as Record<string | number, unknown>)[step] : undefined;
  return here;
}

type Definition = {
  type: string;
  shape?: Record<string, z.ZodType>;
  element?: z.ZodType;
  innerType?: z.ZodType;
  valueType?: z.ZodType;
  options?: readonly z.ZodType[];
  values?: readonly unknown[];
};
const definitionOf = (shape: z.ZodType): Definition => shape.def as unknown as Definition;

/** The shapes that may stand at a path: one, or several below a union. */
function shapeAt(shape: z.ZodType, path: Path): z.ZodType[] {
  const unwrapped = unwrap(shape);
  const [step, ...rest] = path;
  if (step === undefined) return unwrapped;
  return unwrapped.flatMap((each) => {
    const { shape: fields, element, valueType } = definitionOf(each);
    const next = (fields !== undefined && Object.hasOwn(fields, step) ? fields[String(step)] : undefined) ?? element ?? valueType;
    return next === undefined ? [] : shapeAt(next, rest);
  });
}

/** Looks through defaults, optionals and unions. */
function unwrap(shape: z.ZodType): z.ZodType[] {
  const { innerType, options } = definitionOf(shape);
  if (innerType !== undefined) return unwrap(innerType);
  return options === undefined ? [shape] : options.flatMap(unwrap);
}

const fieldsOf = (shapes: readonly z.ZodType[]): string[] => [...new Set(shapes.flatMap((shape) => Object.keys(definitionOf(shape).shape ?? {})))];

const optionsOf = (shapes: readonly z.ZodType[], field: string): string[] =>
  shapes.flatMap((shape) => {
    const literal = definitionOf(shape).shape?.[field];
    return literal === undefined ? [] : (definitionOf(literal).values ?? []).map(String);
  });
