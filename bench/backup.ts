/**
 * Backups of a directory beside restic and borg, on the same tree, the same cores, in the same run: time and bytes of a first
 * backup, growth by changes, a backup of nothing new, a restore that is compared byte for byte, a full verification, and memory.
 * Ratios are to restic's median in the same rounds.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { CHANGING_FILES, changeFile, overwritePages } from "./backup/changes.ts";
import { borg, ours, type Program, type Ran, remove, restic, sizeOf } from "./backup/programs.ts";
import { sameBytes } from "./backup/same-bytes.ts";
import { MIB, writeTree } from "./backup/tree.ts";
import type { Bench, Figures } from "./bench.ts";
import { spread } from "./bench.ts";

const RUNS = 5;
/** A file is believed to be unchanged only if it was this old when the backup before began (core/backup/directory/changed.ts). */
const SETTLE_MS = 62_000;
/** 4.5 GiB. */
const LARGE_SCALE = 8;

/** Ours to restic's, but for growth, which is to the bytes that changed. */
const MUST = { first: 0.5, firstBytes: 0.93, growth: 1.15, nothing: 0.5, restore: 0.6, verify: 0.6, peakMiB: 300 } as const;

const STEPS = ["first", "nothing", "verify", "restore"] as const;
type Step = (typeof STEPS)[number];
/** What each run of a step took, and the bytes of the last first backup. */
type Measured = Record<Step, Ran[]> & { bytes: number };

export const backup: Bench = {
  name: "backup",
  async run({ runs = RUNS, say }) {
    const folder = mkdtempSync(join(tmpdir(), "synnergy-backup-bench-"));
    try {
      const tree = join(folder, "tree");
      writeTree(tree);
      say(`the tree has ${sizeOf(tree) / MIB} MiB; it is left alone for ${SETTLE_MS / 1_000} s, as a tree that was just written is read twice`);
      await setTimeout(SETTLE_MS);
      const programs = [ours(folder), restic(folder), borg(folder)];
      const measured = await measure(programs, tree, runs, join(folder, "target"), say);
      const growth = await grow(programs, tree, say);
      for (const { store } of programs) remove(store);
      const large = await peakOfLarge(folder, say);
      return judge(measured, growth, large);
    } finally {
      remove(folder);
    }
  },
};

async function measure(
  programs: readonly Program[],
  tree: string,
  runs: number,
  target: string,
  say: (line: string) => void,
): Promise<Map<string, Measured>> {
  const ran = new Map(programs.map(({ name }): [string, Measured] => [name, { first: [], nothing: [], verify: [], restore: [], bytes: 0 }]));
  for (let round = 1; round <= runs; round += 1) {
    for (const program of programs) {
      const kept = ran.get(program.name);
      if (kept === undefined) throw new Error(`${program.name} is not among the programs`);
      remove(program.store);
      await program.init();
      kept.first.push(await program.backup(tree));
      kept.bytes = sizeOf(program.store);
      kept.nothing.push(await program.backup(tree));
      kept.verify.push(await program.verify());
      kept.restore.push(await program.restore(target));
      // restic and borg restore below the tree's own path.
      const restored = program.name === "ours" ? target : join(target, tree);
      if (!sameBytes(tree, restored)) throw new Error(`${program.name} did not restore the tree as it was`);
      remove(target);
      const times = STEPS.map((step) => `${step} ${Math.round(kept[step].at(-1)?.ms ?? 0)} ms`);
      say(`round ${round} of ${runs}, ${program.name}: ${times.join(", ")}; ${(kept.bytes / MIB).toFixed(1)} MiB`);
    }
  }
  return ran;
}

type Growth = ReadonlyMap<string, { readonly changesMiB: number; readonly pagesMiB: number }>;

async function grow(programs: readonly Program[], tree: string, say: (line: string) => void): Promise<Growth> {
  const before = new Map(programs.map(({ name, store }) => [name, sizeOf(store)]));
  for (let number = 0; number < CHANGING_FILES; number += 1) {
    changeFile(tree, number);
    for (const program of programs) await program.backup(tree);
  }
  const between = new Map(programs.map(({ name, store }) => [name, sizeOf(store)]));
  overwritePages(tree);
  for (const program of programs) await program.backup(tree);
  return new Map(
    programs.map(({ name, store }) => {
      const changesMiB = ((between.get(name) ?? 0) - (before.get(name) ?? 0)) / MIB;
      const pagesMiB = (sizeOf(store) - (between.get(name) ?? 0)) / MIB;
      say(`${name} grew by ${changesMiB.toFixed(1)} MiB for ${CHANGING_FILES} MiB changed, by ${pagesMiB.toFixed(1)} MiB for 1,000 pages (15.6 MiB)`);
      return [name, { changesMiB, pagesMiB }];
    }),
  );
}

async function peakOfLarge(folder: string, say: (line: string) => void): Promise<number> {
  const tree = join(folder, "large");
  remove(join(folder, "tree"));
  writeTree(tree, LARGE_SCALE);
  const program = ours(join(folder, "large-vault"));
  await program.init();
  const { ms, peakMiB } = await program.backup(tree);
  say(`${(sizeOf(tree) / MIB).toFixed(0)} MiB were backed up in ${(ms / 1_000).toFixed(1)} s with ${peakMiB.toFixed(0)} MiB at the most`);
  return peakMiB;
}

function judge(measured: ReadonlyMap<string, Measured>, growth: Growth, largeMiB: number): { figures: Figures; pass: boolean } {
  const figures: Figures = {};
  const medianOf = (name: string, step: Step): number => spread((measured.get(name)?.[step] ?? []).map(({ ms }) => ms)).median;
  const ratios: Record<string, number> = {};
  for (const step of STEPS) {
    ratios[step] = medianOf("ours", step) / medianOf("restic", step);
    const told = [...measured.keys()].map((name) => [`${name} ms`, Math.round(medianOf(name, step))]);
    figures[TITLES[step]] = { "of restic": `${ratios[step].toFixed(2)} (must: ${MUST[step]})`, ...Object.fromEntries(told) };
  }
  const bytes = [...measured].map(([name, one]) => [`${name} MiB`, Number((one.bytes / MIB).toFixed(1))]);
  ratios.firstBytes = (measured.get("ours")?.bytes ?? 0) / (measured.get("restic")?.bytes ?? 1);
  figures["first backup, bytes"] = { "of restic": `${ratios.firstBytes.toFixed(3)} (must: ${MUST.firstBytes})`, ...Object.fromEntries(bytes) };
  ratios.growth = (growth.get("ours")?.changesMiB ?? 0) / CHANGING_FILES;
  const grown = (key: "changesMiB" | "pagesMiB") =>
    Object.fromEntries([...growth].map(([name, one]) => [`${name} MiB`, Number(one[key].toFixed(1))]));
  figures["growth by 26 changes of 1 MiB"] = { "of the change": `${ratios.growth.toFixed(2)} (must: ${MUST.growth})`, ...grown("changesMiB") };
  figures["growth by 1,000 pages of 16 KiB"] = grown("pagesMiB");
  const peakMiB = Math.max(...(measured.get("ours")?.first ?? []).map((one) => one.peakMiB));
  figures["peak memory of a first backup"] = {
    "at 576 MiB": `${Math.round(peakMiB)} MiB (must: ${MUST.peakMiB})`,
    "at 4.5 GiB": `${Math.round(largeMiB)} MiB`,
    restic: `${Math.round(Math.max(...(measured.get("restic")?.first ?? []).map((one) => one.peakMiB)))} MiB`,
  };
  const held = Object.entries(ratios).every(([name, ratio]) => ratio <= MUST[name as keyof typeof MUST]);
  return { figures, pass: held && peakMiB <= MUST.peakMiB && largeMiB <= MUST.peakMiB };
}

const TITLES: Record<Step, string> = {
  first: "first backup, time",
  nothing: "nothing changed, time",
  restore: "restore, time",
  verify: "full verification, time",
};
