/**
 * JSON values as DynamoDB's attribute values and back, nothing more. The SDK's own converter decides by a value's `constructor`, and
 * so fails on data in which somebody else has chosen that very word for a field's name; this one looks at nothing but JSON.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** `value` is plain JSON already: `encodeBody` has seen to it. */
export function toAttribute(value: unknown): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  return typeof value === "object" && value !== null ? { M: toAttributes(value) } : { NULL: true };
}

export function toAttributes(record: object): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, toAttribute(value)]));
}

/** Sets and binaries are none of ours: whoever put them there, the record's shape will not take them. */
export function fromAttribute(attribute: AttributeValue | undefined): unknown {
  if (attribute === undefined) return undefined;
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.L !== undefined) return attribute.L.map(fromAttribute);
  if (attribute.M !== undefined) return Object.fromEntries(Object.entries(attribute.M).map(([name, value]) => [name, fromAttribute(value)]));
  return attribute.NULL ? null : undefined;
}
