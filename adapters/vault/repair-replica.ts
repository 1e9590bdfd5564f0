/**
 * Copies what a Region lacks from the first other Region that has it whole. Bytes are held against the digest that names them
 * before they are written, since what is written is locked: a damaged copy must not be spread. A put never replaces anything, so
 * a repair beside S3's own replication, or beside another repair, harms nothing.
 */
import { fits, type Repair, type RepairLimits, type Spent } from "../../core/backup/geographically-distributed-backup/repair-plan.ts";
import { ObjectCorrupt, ObjectForeign } from "../../core/backup/vault/faults.ts";
import { keyringKey, parseKeyring } from "../../core/backup/vault/keyring.ts";
import { objectName } from "../../core/backup/vault/pack.ts";
import { KEYRING_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import { inLanes } from "./in-lanes.ts";
import type { Findings, Replica } from "./replicas.ts";

/** Each lane holds one object: 4 packs or indexes are 256 MiB at the very most. */
const LANES = 4;
/** So many damaged sources in one run are no accident: a person is to look before more is read. */
const FAILURES_MAX = 100;

export type RepairGiven = {
  readonly target: Replica;
  /** All that answer, by Region. */
  readonly sources: ReadonlyMap<string, Replica>;
  readonly vault: Uint8Array;
  readonly limits: RepairLimits;
  readonly findings: Findings;
};
/** `left` is what a next run is to copy. */
export type Repaired = { readonly keys: readonly string[]; readonly bytes: number; readonly left: number };

/**
 * In the plan's order: nothing of the next kind is begun before all of the one before has ended. What could not be copied is not
 * counted against the limits, so that it does not keep the next run, and every one after that, from what can be.
 */
export async function repairReplica(given: RepairGiven, repairs: readonly Repair[]): Promise<Repaired> {
  const { target, limits, findings } = given;
  const spent = { keys: 0, bytes: 0 };
  const failed = new Set<string>();
  const written: string[] = [];
  for (let at = 0; at < repairs.length && failed.size < FAILURES_MAX && !findings.silent.has(target.region); ) {
    const batch = nextBatch(repairs.slice(at, at + LANES), limits, spent);
    if (batch.length === 0) break;
    at += batch.length;
    await inLanes(batch, LANES, async (repair) => {
      const lacking = repair.after.find(({ key }) => failed.has(key));
      const outcome = lacking === undefined ? await copyObject(given, repair) : "failed";
      if (outcome === "written") written.push(repair.key);
      if (outcome === "failed") {
        failed.add(repair.key);
        findings.note(target.region, refusalOf(repair, lacking?.key));
        return;
      }
      spent.keys += 1;
      spent.bytes += repair.sizeBytes;
    });
  }
  return { keys: written, bytes: spent.bytes, left: repairs.length - spent.keys };
}

/** Of one kind, and as many as fit if all of them succeed. */
function nextBatch(repairs: readonly Repair[], limits: RepairLimits, spent: Spent): Repair[] {
  const batch: Repair[] = [];
  let sum = spent;
  for (const repair of repairs) {
    if (repair.kind !== repairs[0]?.kind || !fits(limits, sum, repair)) break;
    batch.push(repair);
    sum = { keys: sum.keys + 1, bytes: sum.bytes + repair.sizeBytes };
  }
  return batch;
}

function refusalOf({ kind, key, from }: Repair, lacking: string | undefined): string {
  if (lacking !== undefined) return `${key} was not copied, since ${lacking}, which it names, could not be.`;
  if (kind === "keyring")
    return `${key} was not copied: ${from.join(", ")} hold none of this vault, or different ones, and only a key of the vault tells which is genuine.`;
  return `${key} was not copied: of ${from.join(", ")} none gave it whole.`;
}

async function copyObject(given: RepairGiven, repair: Repair): Promise<"written" | "exists" | "failed"> {
  const bytes = repair.kind === "keyring" ? await readAgreedKeyring(given, repair) : await readWhole(given, repair);
  if (bytes === null) return "failed";
  try {
    return (await given.target.store.put(repair.key, bytes)).kind;
  } catch (error) {
    given.findings.noteError(given.target.region, repair.key, error);
    return "failed";
  }
}

/** From the first Region whose copy has the digest; a damaged one is told and passed over. */
async function readWhole(given: RepairGiven, { key, sizeBytes, digest, from }: Repair): Promise<Buffer | null> {
  for (const region of from) {
    const bytes = await readFrom(given, region, key, sizeBytes);
    if (bytes === null) continue;
    const found = objectName(bytes);
    if (found === digest) return bytes;
    given.findings.noteDamage(region, key, damageOf(`${given.sources.get(region)?.store.name}/${key}`, found));
  }
  return null;
}

/** Nothing tells a genuine keyring without its keys, so the Regions must agree on it, each with one of this vault. */
async function readAgreedKeyring(given: RepairGiven, { key, from }: Repair): Promise<Buffer | null> {
  let agreed: Buffer | null = null;
  for (const region of from) {
    const bytes = await readFrom(given, region, key, KEYRING_BYTES_MAX);
    if (bytes === null) continue;
    const object = `${given.sources.get(region)?.store.name}/${key}`;
    try {
      const file = parseKeyring(bytes, object);
      if (file.vault !== Buffer.from(given.vault).toString("hex")) throw new ObjectForeign({ object, reason: `it belongs to vault ${file.vault}` });
      if (keyringKey(file.number) !== key) throw new ObjectCorrupt({ object, reason: `it says that it is keyring ${file.number}` });
    } catch (error) {
      given.findings.noteError(region, key, error);
      continue;
    }
    if (agreed !== null && !agreed.equals(bytes)) return null;
    agreed = bytes;
  }
  return agreed;
}

async function readFrom({ sources, findings }: RepairGiven, region: string, key: string, bytesMax: number): Promise<Buffer | null> {
  const source = sources.get(region);
  if (source === undefined || findings.silent.has(region)) return null;
  try {
    const got = await source.store.get(key, { bytesMax });
    return got.kind === "found" ? got.bytes : null;
  } catch (error) {
    findings.noteError(region, key, error);
    return null;
  }
}

/** What is locked cannot be written again: a person decides, and reads fall back on another Region meanwhile. */
export function damageOf(object: string, digest: string): string {
  return `${object} is damaged: its digest is ${digest}. It cannot be replaced, since objects here are written once; restores take it from another Region. Delete the key, which leaves the locked version where it is, and the next audit copies it again.`;
}
