/**
 * How long a network is without a signer: from the last block of the old holder to the first of the new one, many runs of each kind
 * on one rehearsal, under a policy without budget or damping in the way, with an auditor that watches every block for two signers.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../localstack/emulator/port.ts";
import { openRehearsal, type Rehearsal } from "../localstack/rehearsal/open-rehearsal.ts";
import { auditRehearsal } from "../localstack/rehearsal/rehearsal-auditor.ts";
import { ON_AWS } from "./aws-latencies.ts";
import type { Bench, Figures } from "./bench.ts";
import { spread } from "./bench.ts";
import { KINDS, type Kind, measureRun, type Run, STEPS } from "./failover-run.ts";

const RUNS = 50;
const NODE_DIES_MS_MAX = 5_000;
const BEYOND_LEASE_MS_MAX = 5_000;
const PLANNED_MISSED_MAX = 1;
const SLOT_MS = 1_000;
/** A kill may throw a head back by what had not been passed on yet; not judged here, so any depth. */
const ANY_DEPTH = Number.MAX_SAFE_INTEGER;
const INCIDENTS_MAX = 1_000;

const POLICIES = {
  failover: { perHourMax: 1_000, cooldownSeconds: 0, flapHalfLifeSeconds: 1 },
};

export const failover: Bench = {
  name: "failover",
  async run({ runs = RUNS, kinds, say }) {
    const chosen = KINDS.filter((kind) => kinds === undefined || kinds.includes(kind));
    const folder = mkdtempSync(join(tmpdir(), "synnergy-bench-"));
    const rehearsal = await openRehearsal({
      root: join(import.meta.dirname, ".."),
      folder,
      fleetName: "bench",
      emulatorPort: await freePort(),
      policies: POLICIES,
      onStep: ({ name, ms }) => say(`${name.padEnd(20)} ${(ms / 1_000).toFixed(1)} s`),
    });
    try {
      return await measureAll(rehearsal, chosen, runs, say);
    } finally {
      await rehearsal.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measureAll(rehearsal: Rehearsal, kinds: readonly Kind[], runs: number, say: (line: string) => void) {
  const { fleet } = rehearsal;
  const auditor = auditRehearsal(rehearsal, INCIDENTS_MAX);
  const leaseMs = (fleet.roles[0]?.leaseSeconds ?? 0) * 1_000;
  const figures: Figures = { leaseMs };
  let pass = true;
  for (const kind of kinds) {
    const measured: Run[] = [];
    for (let run = 0; run < runs; run += 1) {
      measured.push(await measureRun(kind, ((run + 0.5) / runs) * SLOT_MS, rehearsal, auditor));
      say(`${kind} ${run + 1} of ${runs}: ${Math.round(measured.at(-1)?.gapMs ?? 0)} ms, ${measured.at(-1)?.missedSlots} slots missed`);
    }
    const gap = spread(measured.map(({ gapMs }) => gapMs));
    const missed = spread(measured.map(({ missedSlots }) => missedSlots));
    figures[`${kind}: gap`] = { minMs: gap.min, medianMs: gap.median, p90Ms: gap.p90, maxMs: gap.max, runs: gap.runs };
    figures[`${kind}: slots missed`] = { median: missed.median, max: missed.max };
    for (const step of STEPS) {
      const took = measured.flatMap(({ stepsMs }) => (stepsMs[step] === undefined ? [] : [stepsMs[step]]));
      if (took.length === 0) continue;
      const { median, max } = spread(took);
      figures[`${kind}: ${step}`] = { medianMs: median, maxMs: max };
    }
    pass &&= holds(kind, gap.max, missed.max, leaseMs);
  }
  for (const step of STEPS) figures[`${step}, on AWS in addition`] = ON_AWS[step];
  const { violations, blocks } = await auditor.report({ reorganisationBlocksMax: ANY_DEPTH, final: true });
  await auditor.close();
  for (const { text } of violations) say(`LAW BROKEN: ${text}`);
  const doubles = violations.filter(({ law }) => law === "one-signer" || law === "signed-once").length;
  Object.assign(figures, { "blocks audited": blocks, "double signers": doubles, "laws broken": violations.length });
  return { figures, pass: pass && violations.length === 0 };
}

function holds(kind: Kind, worstMs: number, missedMax: number, leaseMs: number): boolean {
  if (kind === "planned") return missedMax <= PLANNED_MISSED_MAX;
  return worstMs <= (kind === "node-dies" ? NODE_DIES_MS_MAX : leaseMs + BEYOND_LEASE_MS_MAX);
}
