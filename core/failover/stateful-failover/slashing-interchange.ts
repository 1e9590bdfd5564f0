/**
 * EIP-3076, the slashing protection interchange format, version 5: what a validator client wrote down of what it has signed, so that
 * another takes over without signing below it. Here a role's watermark is that record: export gives the minimal form (one
 * block, the highest), import answers the slot to which a watermark must be raised. Attestations are not this gate's to
 * protect: they are counted and named, so that nobody believes that they were taken over.
 * https://eips.ethereum.org/EIPS/eip-3076
 */
import * as z from "zod";

export const INTERCHANGE_VERSION = "5";
/** A validator that signs each slot of twelve seconds writes 2.6 million blocks a year. */
const BLOCKS_MAX = 10_000_000;
const KEYS_MAX = 10_000;

/** Integers travel as decimal strings. */
const Integer = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/)
  .transform(Number);
const Root = z.string().regex(/^0x[0-9a-fA-F]{64}$/);
const PublicKey = z.string().regex(/^0x[0-9a-fA-F]{96}$/);

const Interchange = z.object({
  metadata: z.object({ interchange_format_version: z.string(), genesis_validators_root: Root }),
  data: z
    .array(
      z.object({
        pubkey: PublicKey,
        signed_blocks: z.array(z.object({ slot: Integer })).max(BLOCKS_MAX),
        signed_attestations: z.array(z.unknown()).max(BLOCKS_MAX).default([]),
      }),
    )
    .max(KEYS_MAX),
});

export type Validator = { readonly genesisValidatorsRoot: string; readonly publicKey: string };
export type Imported =
  | { readonly kind: "read"; readonly watermark: number; readonly blocks: number; readonly attestations: number; readonly otherKeys: number }
  | { readonly kind: "refused"; readonly faults: readonly string[] };

/** `document` is the parsed JSON. Refused whole where any part of it is not what the EIP says, or it is another network's. */
export function readInterchange(document: unknown, validator: Validator): Imported {
  const parsed = Interchange.safeParse(document);
  if (!parsed.success) {
    return {
      kind: "refused",
      faults: parsed.error.issues.slice(0, 10).map(({ path, message }) => `${path.join(".") || "the document"}: ${message}`),
    };
  }
  const { metadata, data } = parsed.data;
  const faults: string[] = [];
  if (metadata.interchange_format_version !== INTERCHANGE_VERSION) {
    faults.push(`metadata.interchange_format_version: found ${metadata.interchange_format_version}, allowed is ${INTERCHANGE_VERSION}`);
  }
  if (!sameHex(metadata.genesis_validators_root, validator.genesisValidatorsRoot)) {
    faults.push(`metadata.genesis_validators_root: found ${metadata.genesis_validators_root}, this network's is ${validator.genesisValidatorsRoot}`);
  }
  const own = data.filter(({ pubkey }) => sameHex(pubkey, validator.publicKey));
  if (own.length === 0) faults.push(`data: none of its ${data.length} keys is ${validator.publicKey}`);
  if (faults.length > 0) return { kind: "refused", faults };
  let watermark = -1;
  let blocks = 0;
  for (const { signed_blocks } of own) {
    blocks += signed_blocks.length;
    for (const { slot } of signed_blocks) watermark = Math.max(watermark, slot);
  }
  const attestations = own.reduce((sum, { signed_attestations }) => sum + signed_attestations.length, 0);
  return { kind: "read", watermark, blocks, attestations, otherKeys: data.length - own.length };
}

/** The minimal form: whoever imports it signs nothing at or below the watermark. -1 is "has signed nothing". */
export function writeInterchange(validator: Validator, watermark: number): z.input<typeof Interchange> {
  const signed_blocks = watermark < 0 ? [] : [{ slot: String(watermark) }];
  return {
    metadata: { interchange_format_version: INTERCHANGE_VERSION, genesis_validators_root: validator.genesisValidatorsRoot },
    data: [{ pubkey: validator.publicKey, signed_blocks, signed_attestations: [] }],
  };
}

const sameHex = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
