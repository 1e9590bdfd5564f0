/** One measured failover: a fault, the blocks that the auditor saw around it, and the moments that the incident's journal names. */
import type { Incident, JournalEntry } from "../core/kernel/incident.ts";
import type { Auditor } from "../localstack/auditor/auditor.ts";
import { untilCalm } from "../localstack/rehearsal/calm.ts";
import { type Rehearsal, ROLE } from "../localstack/rehearsal/open-rehearsal.ts";
import { leaseNow } from "../localstack/rehearsal/rehearsal-auditor.ts";
import { startExecution } from "../localstack/stories/interventions.ts";
import { waitFor } from "../localstack/wait-for.ts";

export const KINDS = ["node-dies", "host-dies", "planned"] as const;
export type Kind = (typeof KINDS)[number];
export const STEPS = ["seen", "judged", "decided", "fenced", "granted", "signed"] as const;
export type StepName = (typeof STEPS)[number];

export type Run = {
  /** Last block of the old holder to first of the new one, as they reached the auditor. */
  readonly gapMs: number;
  readonly missedSlots: number;
  /** What each step took, end to end; a planned move has nothing to see or to judge. */
  readonly stepsMs: Readonly<Partial<Record<StepName, number>>>;
};

/** A block a second: between two looks at the auditor's newest block none is missed. */
const LOOK_MS = 5;
const MOVE_MS_MAX = 60_000;
const JOURNAL_MAX = 200;

/** `phaseMs` after a block of the holder is when the fault is made, so that runs meet every part of a slot. */
export async function measureRun(kind: Kind, phaseMs: number, rehearsal: Rehearsal, auditor: Auditor): Promise<Run> {
  const { registry, network } = rehearsal;
  await untilCalm(rehearsal, "before the run");
  const { holder } = await leaseNow(registry);
  const tipNow = () => auditor.tip() ?? { node: null, slot: -1, seenAtMs: 0 };
  const first = tipNow();
  await waitFor("the holder's next block", MOVE_MS_MAX, async () => tipNow().slot > first.slot, LOOK_MS);
  await new Promise((done) => setTimeout(done, phaseMs));
  const faultAtMs = Date.now();
  if (kind === "planned") await startExecution(rehearsal, { fleet: rehearsal.fleet.fleet, role: ROLE });
  else await network.fault(kind === "node-dies" ? "kill-node" : "kill-host", holder);
  let last = tipNow();
  const next = await waitFor(
    "a block of another node",
    MOVE_MS_MAX,
    async () => {
      const tip = tipNow();
      if (tip.node === holder) last = tip;
      return tip.node !== null && tip.node !== holder ? tip : false;
    },
    LOOK_MS,
  );
  const signedAtMs = Date.now() - (performance.now() - next.seenAtMs);
  const incident = await waitFor("the incident to end", MOVE_MS_MAX, async () => {
    const [newest] = await registry.list("incident", { limit: 1, newestFirst: true });
    return newest !== undefined && newest.value.openedAtMs >= faultAtMs && newest.value.endedAtMs !== null ? newest.value : false;
  });
  if (incident.status !== "resolved") throw new Error(`a run of ${kind} ended as ${incident.status}: ${incident.reason}`);
  const journal = await registry.list("journal", { prefix: `${incident.id}/`, limit: JOURNAL_MAX });
  await network.fault("heal");
  const moments = momentsOf(
    incident,
    journal.map(({ value }) => value),
  );
  return {
    gapMs: next.seenAtMs - last.seenAtMs,
    missedSlots: next.slot - last.slot - 1,
    stepsMs: stepsOf([["begin", faultAtMs], ...moments, ["signed", signedAtMs]]),
  };
}

/** Wall times of one machine, in the order of the steps. */
function momentsOf(incident: Incident, journal: readonly JournalEntry[]): [StepName, number][] {
  const evidence = incident.evidence;
  const at = (step: string, kinds: readonly string[]): number => {
    const entry = journal.findLast((one) => one.step === step && kinds.includes(one.kind));
    if (entry === undefined) throw new Error(`the journal of ${incident.id} has no ${step} that says ${kinds.join(" or ")}`);
    return entry.atMs;
  };
  const seen: [StepName, number][] =
    evidence === null
      ? []
      : [
          ["seen", evidence.suspectedAtMs],
          ["judged", evidence.condemnedAtMs],
        ];
  return [
    ...seen,
    ["decided", at("OpenIncident", ["opened"])],
    ["fenced", at("FencePrimary", ["acknowledged", "waited-out"])],
    ["granted", at("PromoteSuccessor", ["promoted"])],
  ];
}

function stepsOf(moments: readonly (readonly [string, number])[]): Partial<Record<StepName, number>> {
  const steps: Partial<Record<StepName, number>> = {};
  for (const [index, [name, atMs]] of moments.entries()) {
    const before = moments[index - 1];
    // A successor may sign before its promotion is written down: a step that was over at once is not negative.
    if (before !== undefined) steps[name as StepName] = Math.max(0, atMs - before[1]);
  }
  return steps;
}
