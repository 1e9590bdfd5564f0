/**
 * Makes an agent's key: `node agent/keygen.ts --out <file> --passphrase-file <file>`, or `--kms-key <id> --fleet <f> --node <n>`.
 * Prints the public key for the fleet file's `agentKey`, and leaves `<file>.unused` beside it, by which the agent's first
 * start knows that this key has never had a store. A file that is there already is never overwritten.
 */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { flushFolder } from "../adapters/durable-file.ts";
import { systemEntropy } from "../adapters/entropy-system.ts";
import { agentKeyContext, kmsKeyWrapper } from "../adapters/key-wrapper-kms.ts";
import { type SealedBy, sealKey } from "../adapters/sealed-key.ts";
import { newSigningKey, publicKeyOf, seedOf } from "../adapters/signature-ed25519.ts";
import { unusedMarker } from "./store.ts";
import { readPassphrase } from "./unlock.ts";

const USAGE =
  "node agent/keygen.ts --out <file> (--passphrase-file <file> [--kdf argon2id|scrypt] | --kms-key <id> --fleet <fleet> --node <node> [--region <region>])";

/** Writes the sealed key and its marker; answers the public key. */
export async function generateKey(file: string, by: SealedBy): Promise<string> {
  const privateKey = newSigningKey();
  const sealed = await sealKey(seedOf(privateKey), by, systemEntropy());
  // The marker first: a key without one is taken for a key whose store was lost.
  writeNew(unusedMarker(file), Buffer.from("This key has never had a store. The agent removes this file with its first.\n"));
  writeNew(file, sealed);
  flushFolder(dirname(file));
  return publicKeyOf(privateKey);
}

function writeNew(path: string, bytes: Uint8Array): void {
  const handle = openSync(path, "wx", 0o600);
  try {
    writeSync(handle, bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      out: { type: "string" },
      "passphrase-file": { type: "string" },
      kdf: { type: "string", default: "argon2id" },
      "kms-key": { type: "string" },
      fleet: { type: "string" },
      node: { type: "string" },
      region: { type: "string" },
    },
  });
  const by = lockOf(values);
  if (values.out === undefined || by === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  process.stdout.write(`${await generateKey(values.out, by)}\n`);
  return 0;
}

function lockOf(values: {
  "passphrase-file"?: string;
  kdf: string;
  "kms-key"?: string;
  fleet?: string;
  node?: string;
  region?: string;
}): SealedBy | undefined {
  const { "passphrase-file": file, "kms-key": keyId, fleet, node, region } = values;
  if (file !== undefined && keyId === undefined && (values.kdf === "argon2id" || values.kdf === "scrypt")) {
    return { kind: "passphrase", passphrase: readPassphrase(file), kdf: values.kdf };
  }
  if (file !== undefined || keyId === undefined || fleet === undefined || node === undefined) return undefined;
  return { kind: "kms", wrapper: kmsKeyWrapper({ keyId, context: agentKeyContext(fleet, node), region }) };
}

if (import.meta.main) {
  run().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.stderr.write(`no key was made: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    },
  );
}
