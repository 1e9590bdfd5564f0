/**
 * Argon2id, for operators' tokens and for keys that are sealed by a passphrase. The native binary comes from
 * `layers/argon2` on Lambda and from the project's own packages elsewhere, and is loaded only when first used: a
 * function that never hashes never pays for it.
 * Parameters that arrive with a stored hash or header are somebody's input: below the floor they are a downgrade, above
 * the ceiling they are an attack on our memory. Both are refused before a byte is allocated.
 */
import { createRequire } from "node:module";
import { Permanent } from "../core/kernel/errors.ts";

type Argon2 = typeof import("argon2");

/** RFC 9106, section 4, second recommendation: 64 MiB, three passes, four lanes. 95 ms on the machine it was measured on. */
export const ARGON2 = { memoryKiB: 64 * 1024, passes: 3, lanes: 4 } as const;
/** OWASP's least for Argon2id is 19 MiB and two passes; nothing weaker is believed. */
const FLOOR = { memoryKiB: 19 * 1024, passes: 2, lanes: 1 } as const;
/** Four times our own memory fits beside a 512 MB function's code; beyond 16 passes or lanes a check takes seconds. */
const CEILING = { memoryKiB: 4 * ARGON2.memoryKiB, passes: 16, lanes: 16 } as const;

const KEY_BYTES = 32;
/** 128 bits, as RFC 9106 recommends for passwords. */
const SALT_BYTES_MIN = 16;
const SALT_BYTES_MAX = 64;
const SECRET_BYTES_MAX = 1_024;

/** One PHC string: what we write, and all that we read. The package writes m, p, t; the reference program m, t, p. */
const PHC = /^\$argon2id\$v=19\$m=(\d{1,8}),(?:t=(\d{1,4}),p=(\d{1,4})|p=(\d{1,4}),t=(\d{1,4}))\$[A-Za-z0-9+/]{22,86}\$[A-Za-z0-9+/]{43}$/;

export type Argon2Parameters = { readonly memoryKiB: number; readonly passes: number; readonly lanes: number };
/** Thrown where a stored hash, a header or a caller brings parameters that are not used. Nothing was computed. */
export class Argon2ParametersRefused extends Permanent {
  override readonly name = "Argon2ParametersRefused";
  constructor(facts: { what: string; found: string; allowed: string }) {
    super(`${facts.what} is ${facts.found}; allowed is ${facts.allowed}. Nothing was computed.`);
  }
}

let loaded: Argon2 | undefined;

/** Node resolves from this file, then from NODE_PATH; Lambda lays layers under /opt, which ESM would not find. */
function argon2(): Argon2 {
  if (loaded) return loaded;
  const require = createRequire(import.meta.url);
  const path = require.resolve("argon2", { paths: [import.meta.dirname, "/opt/nodejs"] });
  loaded = require(path) as Argon2;
  return loaded;
}

function refuseParameters({ memoryKiB, passes, lanes }: Argon2Parameters): void {
  const given = { memoryKiB, passes, lanes };
  for (const name of ["memoryKiB", "passes", "lanes"] as const) {
    const value = given[name];
    if (Number.isInteger(value) && value >= FLOOR[name] && value <= CEILING[name]) continue;
    throw new Argon2ParametersRefused({ what: `Argon2id's ${name}`, found: String(value), allowed: `${FLOOR[name]} to ${CEILING[name]}` });
  }
}

/** A PHC string with a salt of its own. The token must be a secret of high entropy; nothing here stretches a weak one far. */
export async function hashToken(token: string): Promise<string> {
  refuseOversized(token);
  return await argon2().hash(token, { memoryCost: ARGON2.memoryKiB, timeCost: ARGON2.passes, parallelism: ARGON2.lanes, hashLength: KEY_BYTES });
}

/**
 * Whether the token is the one that was hashed, compared in constant time. Throws `Argon2ParametersRefused` for a stored
 * hash outside the limits. An empty or oversized token simply differs, so that its length tells nothing.
 */
export async function verifyToken(hash: string, token: string): Promise<boolean> {
  const parts = PHC.exec(hash);
  if (!parts) throw new Argon2ParametersRefused({ what: "the stored hash", found: "another format", allowed: "an Argon2id string, version 19" });
  refuseParameters({ memoryKiB: Number(parts[1]), passes: Number(parts[2] ?? parts[5]), lanes: Number(parts[3] ?? parts[4]) });
  const bytes = Buffer.byteLength(token);
  if (bytes === 0 || bytes > SECRET_BYTES_MAX) return false;
  return await argon2().verify(hash, token);
}

/** 32 raw bytes for a symmetric key. Throws `Argon2ParametersRefused` for parameters or a salt outside the limits. */
export async function deriveKey(passphrase: string | Buffer, salt: Uint8Array, parameters: Argon2Parameters = ARGON2): Promise<Buffer> {
  refuseParameters(parameters);
  refuseOversized(passphrase);
  if (salt.byteLength < SALT_BYTES_MIN || salt.byteLength > SALT_BYTES_MAX) {
    throw new Argon2ParametersRefused({ what: "the salt", found: `${salt.byteLength} bytes`, allowed: `${SALT_BYTES_MIN} to ${SALT_BYTES_MAX}` });
  }
  return await argon2().hash(passphrase, {
    raw: true,
    salt: Buffer.from(salt),
    memoryCost: parameters.memoryKiB,
    timeCost: parameters.passes,
    parallelism: parameters.lanes,
    hashLength: KEY_BYTES,
  });
}

function refuseOversized(secret: string | Buffer): void {
  const bytes = Buffer.byteLength(secret);
  if (bytes > 0 && bytes <= SECRET_BYTES_MAX) return;
  throw new Argon2ParametersRefused({ what: "the secret", found: `${bytes} bytes`, allowed: `1 to ${SECRET_BYTES_MAX}` });
}
