/** From what somebody typed to one backup: `n2`, `n2.directory`, `n2/3`, or a moment or height that it must not be later than. */

import { fromAnyStore } from "../../adapters/vault/any-store.ts";
import { listSequences, readManifest, type StoredManifest } from "../../adapters/vault/manifests.ts";
import type { Manifest } from "../../core/backup/vault/manifest.ts";
import { sourcesOf } from "../../core/kernel/vault-rules.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";
import { noSuch } from "../names.ts";
import { sinceMs } from "../render/time.ts";
import type { FleetVaultAtHand } from "./open-vault.ts";

export type Moment = { readonly kind: "time"; readonly atMs: number } | { readonly kind: "height"; readonly height: number };

/** A source by its name or its node's. */
export function sourceNamed(known: readonly string[], typed: string): string {
  const found = known.find((source) => source === typed) ?? known.find((source) => source.split(".")[0] === typed);
  if (found !== undefined) return found;
  throw noSuch("source of backups", typed, known, "`ha backup list` shows what there is.");
}

/** `15m` or an instant; a whole number is a height. */
export function momentOf(text: string | undefined, nowMs: number): Moment | null {
  if (text === undefined) return null;
  if (/^\d+$/.test(text)) return { kind: "height", height: Number(text) };
  const atMs = sinceMs(text, nowMs);
  if (atMs !== null) return { kind: "time", atMs };
  throw new CommandFailed({
    code: EXIT.usage,
    sentence: `--at ${text} is neither a height nor a time.`,
    next: "Such as --at 123456, --at 2h (ago) or --at 2026-11-24T19:00:00Z.",
  });
}

/** The newest that is not later than `moment`; or the very one that was named with its number. From whichever Region has it. */
export async function backupNamed(vault: FleetVaultAtHand, typed: string | undefined, moment: Moment | null): Promise<StoredManifest> {
  const known = sourcesOf(vault.fleet);
  const [name, number] = (typed ?? known[0] ?? "").split("/");
  const source = sourceNamed(known, name ?? "");
  if (number !== undefined && /^\d+$/.test(number)) return await readFrom(vault, source, Number(number));
  for (const sequence of (await sequencesOf(vault, source)).toReversed()) {
    const stored = await readFrom(vault, source, sequence);
    if (isWithin(stored.manifest, moment)) return stored;
  }
  throw new CommandFailed({
    code: EXIT.notFound,
    sentence: `there is no backup of ${source}${moment === null ? "" : " that is old enough"} in ${vault.places.map(({ region }) => region).join(" or ")}.`,
    next: "`ha backup list` shows what there is; `ha backup now` makes one.",
  });
}

export async function readFrom({ places, vault, trust }: FleetVaultAtHand, source: string, sequence: number): Promise<StoredManifest> {
  return await fromAnyStore(
    places.map(({ store }) => store),
    (store) => readManifest(store, source, sequence, vault.keyring.vault, trust),
  );
}

/** Of all Regions that answer together, oldest first. */
export async function sequencesOf({ places }: Pick<FleetVaultAtHand, "places">, source: string): Promise<number[]> {
  const lists = await Promise.all(places.map(({ store }) => listSequences(store, source)));
  return [...new Set(lists.flat())].toSorted((left, right) => left - right);
}

function isWithin({ writtenAtMs, chain }: Manifest, moment: Moment | null): boolean {
  if (moment === null) return true;
  return moment.kind === "time" ? writtenAtMs <= moment.atMs : chain !== null && chain.height <= moment.height;
}
