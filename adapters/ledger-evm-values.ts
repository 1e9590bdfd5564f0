/**
 * The values of JSON-RPC as the ledger wants them: hexadecimal text to numbers of any size and to bytes, parsed once. What
 * is not exactly that is refused with its field's name; nothing is padded, cut or taken for zero.
 */
import * as z from "zod";
import { bytesOf } from "../core/backup/ledger/bytes.ts";

/** Leading zeros are a node's style; how the chain writes the number is the encoder's to say. */
export const Quantity = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,64}$/, "not a hexadecimal quantity of at most 256 bits")
  .transform((text) => BigInt(text));

export const Bytes = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})*$/, "not hexadecimal bytes")
  .transform(bytesOf);

export function bytesOfSize(size: number) {
  return z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${2 * size}}$`), `not ${size} hexadecimal bytes`)
    .transform(bytesOf);
}

export const Word = bytesOfSize(32);
export const Twenty = bytesOfSize(20);

export type Parsed<T> = { readonly kind: "parsed"; readonly value: T } | { readonly kind: "refused"; readonly reason: string };

/** The first fault is enough to go and look; a node that is wrong in one field is wrong in thousands. */
export function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): Parsed<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { kind: "parsed", value: parsed.data };
  const [issue] = parsed.error.issues;
  const path = issue?.path.map(String).join(".") ?? "";
  return { kind: "refused", reason: `${what}${path === "" ? "" : `, ${path}`}: ${issue?.message ?? "not valid"}` };
}
