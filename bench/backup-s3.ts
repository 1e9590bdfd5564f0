/**
 * The same tree into a bucket, ours beside restic: times as ratios, requests as counts, and what a TiB would cost a month in each layout
 * by S3's list prices. Both speak to the emulator's S3 through a door that counts.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../localstack/emulator/port.ts";
import { startEmulator } from "../localstack/emulator/start-emulator.ts";
import { openProcesses } from "../localstack/processes/open-processes.ts";
import { oursIn, type Program, type Ran, remove, resticIn } from "./backup/programs.ts";
import { type Counted, type CountingDoor, countingDoor, makeBucket } from "./backup/s3.ts";
import { sameBytes } from "./backup/same-bytes.ts";
import { MIB, writeTree } from "./backup/tree.ts";
import { type Bench, type Figures, spread } from "./bench.ts";

const RUNS = 3;
/** us-east-1, S3 Standard: a month's storage, a thousand PUTs or listings, a thousand GETs. From aws.amazon.com/s3/pricing; see docs/cost.md. */
const PRICE = { gibMonth: 0.023, thousandPuts: 0.005, thousandGets: 0.0004 } as const;
const TIB_GIB = 1_024;
const GIB = 1_024 * MIB;
const STEPS = ["first", "nothing", "restore"] as const;
type Step = (typeof STEPS)[number];
type Measured = { readonly ran: Record<Step, Ran[]>; readonly asked: Record<Step, Counted>; storedBytes: number };

export const backupS3: Bench = {
  name: "backup-s3",
  async run({ runs = RUNS, say }) {
    const folder = mkdtempSync(join(tmpdir(), "synnergy-s3-bench-"));
    const processes = await openProcesses({ folder });
    try {
      const root = join(import.meta.dirname, "..");
      const emulator = await startEmulator({ processes, folder: join(folder, "emulator"), root, port: await freePort() });
      const tree = join(folder, "tree");
      writeTree(tree);
      const door = await countingDoor(emulator.endpoint);
      try {
        const measured = new Map<string, Measured>();
        for (let round = 1; round <= runs; round += 1) await once(round, { folder, tree, door, endpoint: emulator.endpoint, measured, say });
        return judge(measured);
      } finally {
        await door.close();
      }
    } finally {
      await processes.close();
      remove(folder);
    }
  },
};

type Round = { folder: string; tree: string; door: CountingDoor; endpoint: string; measured: Map<string, Measured>; say: (line: string) => void };

async function once(round: number, { folder, tree, door, endpoint, measured, say }: Round): Promise<void> {
  for (const make of [oursIn, resticIn]) {
    const bucket = `bench-${make === oursIn ? "ours" : "restic"}-${round}`;
    await makeBucket(endpoint, bucket);
    const program = make(join(folder, bucket), { endpoint: door.endpoint, bucket });
    const kept = measured.get(program.name) ?? { ran: { first: [], nothing: [], restore: [] }, asked: {} as Record<Step, Counted>, storedBytes: 0 };
    measured.set(program.name, kept);
    await program.init();
    door.take();
    const target = join(folder, "target");
    const does: Record<Step, (one: Program) => Promise<Ran>> = {
      first: (one) => one.backup(tree),
      nothing: (one) => one.backup(tree),
      restore: (one) => one.restore(target),
    };
    for (const step of STEPS) {
      kept.ran[step].push(await does[step](program));
      kept.asked[step] = door.take();
    }
    if (!sameBytes(tree, program.name === "ours" ? target : join(target, tree)))
      throw new Error(`${program.name} did not restore the tree as it was`);
    remove(target);
    kept.storedBytes = await program.storedBytes();
    say(
      `round ${round}, ${program.name}: ${STEPS.map((step) => `${step} ${Math.round(kept.ran[step].at(-1)?.ms ?? 0)} ms, ${JSON.stringify(kept.asked[step])}`).join("; ")}`,
    );
  }
}

function judge(measured: ReadonlyMap<string, Measured>): { figures: Figures; pass: boolean } {
  const figures: Figures = {};
  const median = (name: string, step: Step): number => spread((measured.get(name)?.ran[step] ?? []).map(({ ms }) => ms)).median;
  for (const step of STEPS) {
    const names = [...measured.keys()];
    figures[`${TITLES[step]}, time`] = {
      "of restic": (median("ours", step) / median("restic", step)).toFixed(2),
      ...Object.fromEntries(names.map((name) => [`${name} ms`, Math.round(median(name, step))])),
    };
    figures[`${TITLES[step]}, requests`] = Object.fromEntries(names.map((name) => [name, requestsOf(measured.get(name)?.asked[step])]));
  }
  figures.stored = Object.fromEntries([...measured].map(([name, { storedBytes }]) => [`${name} MiB`, Number((storedBytes / MIB).toFixed(1))]));
  figures["a TiB stored this way, to put it there once"] = dollars(
    measured,
    ({ asked, storedBytes }) => putsFor(asked.first) * (TIB_GIB / (storedBytes / GIB)),
  );
  figures["a TiB stored this way, to read it back once"] = dollars(
    measured,
    ({ asked, storedBytes }) => getsFor(asked.restore) * (TIB_GIB / (storedBytes / GIB)),
  );
  figures["a TiB stored, a month"] = `${(PRICE.gibMonth * TIB_GIB).toFixed(2)} USD in both: storage is billed by the byte`;
  figures["576 MiB of this tree, a month"] = dollars(measured, ({ storedBytes }) => (storedBytes / GIB) * PRICE.gibMonth);
  return { figures, pass: true };
}

const TITLES: Record<Step, string> = { first: "first backup", nothing: "nothing changed", restore: "restore" };
const requestsOf = (counted: Counted | undefined): string =>
  counted === undefined
    ? "not counted"
    : `${counted.puts} PUT, ${counted.gets} GET, ${counted.lists} LIST${counted.others > 0 ? `, ${counted.others} others` : ""}`;
const putsFor = ({ puts, lists, gets }: Counted): number => ((puts + lists) * PRICE.thousandPuts + gets * PRICE.thousandGets) / 1_000;
const getsFor = putsFor;

function dollars(measured: ReadonlyMap<string, Measured>, of: (one: Measured) => number): Record<string, string> {
  return Object.fromEntries([...measured].map(([name, one]) => [name, `${of(one).toFixed(of(one) < 0.1 ? 4 : 2)} USD`]));
}
