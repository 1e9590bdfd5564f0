/** What one Region lacks of what it is to have, and since when; and what of that other Regions can give. */

import { PACKS_PREFIX } from "../vault/manifest.ts";
import type { RetentionRule } from "../vault/retention.ts";
import type { Needs } from "./completeness.ts";
import type { Lack } from "./repair-plan.ts";
import { Tally } from "./tally.ts";
import { backupsWantedIn, type RegionCopy } from "./wanted.ts";

type Facts = {
  readonly here: RegionCopy;
  readonly others: readonly RegionCopy[];
  readonly backups: readonly Needs[];
  readonly lost: ReadonlySet<Needs>;
  readonly firstMs: ReadonlyMap<string, number>;
  readonly nowMs: number;
  readonly arrivingMs: number;
  readonly retention: RetentionRule | null;
};
export type Lacking = {
  /** How many backups this Region is to have. */
  readonly wanted: number;
  /** Keys that others have had for longer than an object may travel. */
  readonly missing: readonly string[];
  /** Keys that others have, and that may still arrive. */
  readonly arriving: readonly string[];
  /** Keys that are here with a size that a backup contradicts, or with bytes that are known to be others. */
  readonly damaged: readonly string[];
  /** Keys that backups here need and that no Region that answers has. */
  readonly nowhere: readonly string[];
  /** A keyring that counts elsewhere, has not arrived, and is named by no backup that belongs here. */
  readonly unvouched: readonly string[];
  /** When the oldest of what others have and this Region lacks was first stored; null where it lacks nothing. */
  readonly oldestMs: number | null;
  /** What is to be copied, by backup, the newest first. */
  readonly lacks: readonly Lack[];
};

/**
 * Of a backup that is lost nothing is copied that no other one needs, but for the keyring; that the Region has it and cannot restore
 * it is told.
 */
export function decideRegion(facts: Facts): Lacking {
  const { here, others, backups, lost, retention, nowMs } = facts;
  const tally = new Tally(facts);
  const wanted = backupsWantedIn(here, backups, retention, nowMs);
  const whole = wanted.filter((needs) => !lost.has(needs)).map((needs) => lackOf(needs, tally));
  const partly = wanted
    .filter((needs) => lost.has(needs) && here.objects.has(needs.manifest.key))
    .map((needs): Lack => ({ ...lackOf(needs, tally), packs: [], indexes: [], manifest: null }));
  tally.judgeNewestKeyring();
  for (const { objects } of others) for (const key of objects.keys()) tally.noteUnnamed(key);
  return { wanted: wanted.length, ...tally.found(), lacks: [...whole, ...partly] };
}

function lackOf(needs: Needs, tally: Tally): Lack {
  const objects = needs.objects.flatMap((needed) => tally.judge(needed) ?? []);
  return {
    keyring: tally.judgeKeyring(needs.keyring),
    packs: objects.filter(({ key }) => key.startsWith(PACKS_PREFIX)),
    indexes: objects.filter(({ key }) => !key.startsWith(PACKS_PREFIX)),
    manifest: tally.judge(needs.manifest),
    names: needs.objects,
  };
}
