/** Faults that announce themselves: what is foretold in time costs no slot, and what does not come to pass moves nothing. */
import { type Prediction, type Preemption, predictionId } from "../../core/kernel/prediction.ts";
import { type Stage, type Story, untilIncidentEnds } from "./story.ts";

/** Long enough that every step has its time on a busy machine. */
const GROWTH_S = 90;
/** Steps have time to be seen before the next; the longest that a growth may take. */
const SLOW_S = 240;
const FORETOLD_MS = 120_000;
const DIES_MS = 150_000;

async function preemptionOf(stage: Stage, node: string): Promise<Preemption | null> {
  const cell = await stage.registry.read("preemption", node);
  return cell.kind === "found" ? cell.value : null;
}

/** Those of this story: an id carries the time at which it was made. */
async function scoredSince(stage: Stage, node: string, sinceMs: number): Promise<Prediction[]> {
  const newest = await stage.registry.list("prediction", { limit: 100, newestFirst: true });
  return newest.map(({ value }) => value).filter((each) => each.node === node && each.madeAtMs >= sinceMs);
}

/** The holder is used up by a growing fault: its role leaves before it dies, and the prediction counts as a fault prevented. */
export async function growsUntilItDies(stage: Stage, fault: "leak" | "fill-disk"): Promise<Prediction> {
  const sinceMs = Date.now();
  const { holder } = await stage.lease();
  await stage.fault(fault, holder, GROWTH_S);
  const fromMs = stage.elapsedMs();
  await stage.until(`${holder} to be relieved of its role`, FORETOLD_MS, async () => (await stage.lease()).holder !== holder);
  stage.measure("fault begun to role moved", stage.elapsedMs() - fromMs, "ms");
  stage.expect("the node was still alive then", (await stage.processes()).includes(holder), holder);
  const incident = await untilIncidentEnds(stage, 60_000);
  const missed = incident.outcome?.missedSlots ?? Number.NaN;
  stage.expect("the role moved as planned", incident.kind === "switchover" && incident.status === "resolved", `${incident.kind}, ${incident.status}`);
  stage.expect("no slot was missed", missed === 0, `${missed}`);
  await stage.until(`${holder} to die of it`, DIES_MS, async () => !(await stage.processes()).includes(holder));
  const scored = await stage.until("the prediction to count as a fault prevented", 60_000, async () => {
    const own = await scoredSince(stage, holder, sinceMs);
    return own.find(({ outcome }) => outcome?.kind === "prevented") ?? false;
  });
  stage.measure("foretold ahead of the fault", scored.outcome?.leadMs ?? Number.NaN, "ms");
  stage.expect("it was foretold of what grew", scored.reason.includes(fault === "leak" ? "memory" : "disk"), scored.reason);
  return scored;
}

export const leakingNode: Story = {
  name: "leaking-node",
  about: "the holder's memory really grows until it is killed: the role moves before it dies, and no slot is missed",
  reorganisationBlocksMax: 2,
  async run(stage) {
    await growsUntilItDies(stage, "leak");
  },
};

export const diskFilling: Story = {
  name: "disk-filling",
  isLong: true,
  about: "the holder's disk fills until the node ends: the role moves before, and no slot is missed",
  reorganisationBlocksMax: 2,
  async run(stage) {
    await growsUntilItDies(stage, "fill-disk");
  },
};

export const falseAlarmCancelled: Story = {
  name: "false-alarm-cancelled",
  isLong: true,
  about: "a leak stops after it was warned of: what was begun is cancelled, the role stays, and the warning counts as a false alarm",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const sinceMs = Date.now();
    const before = await stage.lease();
    await stage.fault("leak", before.holder, SLOW_S);
    await stage.until("a warning", 3 * FORETOLD_MS, async () => {
      const cell = await preemptionOf(stage, before.holder);
      return cell !== null && cell.openedAtMs >= sinceMs && cell.step !== "none";
    });
    await stage.fault("heal");
    const ended = await stage.until("the preemption to end", 90_000, async () => {
      const cell = await preemptionOf(stage, before.holder);
      return cell !== null && cell.openedAtMs >= sinceMs && cell.endedAtMs !== null ? cell : false;
    });
    stage.expect("it was cancelled", ended.step === "cancelled", `${ended.step}: ${ended.reason}`);
    const { holder, epoch } = await stage.lease();
    stage.expect("the role stayed", holder === before.holder && epoch === before.epoch, `${holder}, epoch ${epoch}`);
    const scored = await stage.until("the warning to be scored", 120_000, async () => (await scoredSince(stage, before.holder, sinceMs))[0] ?? false);
    stage.expect("it counts as a false alarm", scored.outcome?.kind === "false-alarm", `${scored.outcome?.kind}: ${scored.outcome?.reason}`);
  },
};

export const stormOfPredictions: Story = {
  name: "storm-of-predictions",
  isLong: true,
  about: "three nodes leak at once and the budget of moves is spent: each is warned of, none is moved, and a person is told",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const sinceMs = Date.now();
    const before = await stage.lease();
    const others = stage.rehearsal.fleet.nodes.map(({ id }) => id).filter((id) => id !== before.holder);
    const storm = [before.holder, ...others.slice(0, 2)];
    const spend = await spendBudget(stage, before.holder);
    for (const node of storm) await stage.fault("leak", node, SLOW_S);
    const held = await stage.until("the budget to stop the move", 2 * FORETOLD_MS, async () => {
      const cell = await preemptionOf(stage, before.holder);
      return cell !== null && cell.openedAtMs >= sinceMs && cell.endedAtMs !== null ? cell : false;
    });
    stage.expect(
      "a person was told that the budget is spent",
      held.step === "held" && held.reason.includes("budget"),
      `${held.step}: ${held.reason}`,
    );
    await stage.until("each to be warned of", FORETOLD_MS, async () => {
      const cells = await Promise.all(storm.map((node) => preemptionOf(stage, node)));
      return cells.every((cell) => cell !== null && cell.openedAtMs >= sinceMs && cell.step !== "none");
    });
    await stage.fault("heal");
    const { holder, epoch } = await stage.lease();
    stage.expect("nothing was moved", holder === before.holder && epoch === before.epoch, `${holder}, epoch ${epoch}`);
    await spend.giveBack();
  },
};

/** As many moves as an hour may have, all of another day's making. */
async function spendBudget({ registry, rehearsal }: Stage, node: string) {
  const found = await registry.read("foresight", "all");
  if (found.kind === "absent") throw new Error("nobody has looked ahead yet");
  const { perHourMax } = rehearsal.fleet.policies.prediction;
  const atMs = Date.now() - 600_000;
  const spent = Array.from({ length: perHourMax }, () => ({ node: node as never, prediction: predictionId(node, atMs), atMs, endedAtMs: atMs }));
  const set = async (recent: typeof found.value.recent) => {
    const now = await registry.read("foresight", "all");
    if (now.kind === "found") await registry.write("foresight", "all", { ...now.value, recent }, "any");
  };
  await set(spent);
  return { giveBack: () => set(found.value.recent) };
}

export const PREDICTION_STORIES: readonly Story[] = [leakingNode, diskFilling, falseAlarmCancelled, stormOfPredictions];
