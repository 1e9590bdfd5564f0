/** What keeps a vault in order: proof of what is stored, backups that are old enough to go, and space given back. */
import { forgetBackups } from "../../adapters/vault/forget-backups.ts";
import { proveVault } from "../../adapters/vault/prove-vault.ts";
import { sweepVault } from "../../adapters/vault/sweep-vault.ts";
import { InputInvalid } from "../../core/kernel/errors.ts";
import type { Answer } from "../command.ts";
import { bytes } from "../render/bytes.ts";
import { counted } from "../render/table.ts";
import { PROVER, sourceOf, type Where, within } from "./actions.ts";
import type { Progress } from "./progress.ts";

const DAY_MS = 86_400_000;

export async function prove(where: Where, periodDays: number, everyDays: number, progress: Progress): Promise<Answer> {
  refuseBelow("--period", periodDays, 1);
  refuseBelow("--every", everyDays, 1 / 24);
  return await within(where, async ({ store, vault, labour, trust, clock }) => {
    const given = { store, keyring: vault.keyring, labour, trust, clock, by: PROVER, periodMs: periodDays * DAY_MS, everyMs: everyDays * DAY_MS };
    const { plan, backups } = await proveVault({ ...given, onPack: ({ sizeBytes }) => progress.add(sizeBytes) });
    const text = `${counted(plan.neverProven, "new pack")} and ${plan.again} again, ${bytes(plan.bytes)} read; ${counted(backups.length, "backup")} proven for the first time. At a run every ${everyDays} days everything is opened again within ${periodDays} days.`;
    return { data: { schema: 1, ...plan, backups }, text };
  });
}

export async function forget(where: Where, name: string, keep: number | undefined, days: number | undefined): Promise<Answer> {
  if (keep === undefined && days === undefined) {
    throw new InputInvalid({ where: "forget", faults: ["say how many backups stay (--keep), for how many days (--days), or both"] });
  }
  refuseBelow("--keep", keep ?? 1, 1);
  refuseBelow("--days", days ?? 0, 0);
  return await within(where, async ({ store, vault, trust, clock }) => {
    const rule = { countMin: keep ?? 1, ageMs: (days ?? 0) * DAY_MS };
    const decided = await forgetBackups({ store, vault: vault.keyring.vault, trust, clock }, sourceOf(name), rule);
    const lines = [
      ...decided.remove.map(({ sequence, reason }) => `  removed ${sequence}: ${reason}`),
      ...decided.keep.map(({ sequence, reason }) => `  kept ${sequence}: ${reason}`),
    ];
    const head = `${counted(decided.remove.length, "backup")} of ${name} removed, ${decided.keep.length} kept.`;
    return { data: { schema: 1, source: name, ...decided }, text: [head, ...lines].join("\n") };
  });
}

export async function sweep(where: Where): Promise<Answer> {
  return await within(where, async ({ store, vault, trust, clock }) => {
    const { condemn, remove, spare, freedBytes, reason } = await sweepVault(store, vault.keyring.vault, trust, clock);
    const text = `${reason}. ${bytes(freedBytes)} freed; what is condemned now goes with a sweep in more than a day.`;
    return { data: { schema: 1, condemned: condemn, removed: remove, spared: spare, freedBytes }, text };
  });
}

function refuseBelow(option: string, value: number, least: number): void {
  if (value < least) throw new InputInvalid({ where: option, faults: [`${value} is less than ${least}, which is allowed`] });
}
