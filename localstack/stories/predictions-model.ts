/** A model that breaks: it is asked while it is whole, its bytes change where they lie, and what else sees faults coming goes on without it. */
import type { ModelPointer } from "../../core/kernel/live-model.ts";
import type { Foreseen } from "../../core/kernel/prediction.ts";
import { weighCandidate } from "../../core/prediction/predictive-model/candidate.ts";
import { nodeModelSettings, piecesOf } from "../../core/prediction/predictive-model/node-history.ts";
import { publicationOf } from "../../core/prediction/predictive-model/publication.ts";
import { leakingLives } from "../rehearsal/leaking-lives.ts";
import { modelBucket } from "../rehearsal/model-bucket.ts";
import { growsUntilItDies } from "./predictions.ts";
import type { Stage, Story } from "./story.ts";

const ROWS = 8_000;
const SEED = 3;
const WEEK_MS = 7 * 86_400_000;
/** More than half a window of vitals, each two seconds, after a start. */
const ASKED_MS = 300_000;
/** Ten looks, and the next minute's run. */
const FOUND_OUT_MS = 120_000;

export const modelBroken: Story = {
  name: "model-broken",
  isLong: true,
  about: "the live model's bytes change where they lie: foresight says so, goes on without it, and a leak is still foretold in time",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const { rehearsal, registry } = stage;
    const bucket = modelBucket({ endpoint: rehearsal.emulator.endpoint, fleet: rehearsal.fleet });
    const { file, pointer } = trained(stage);
    await bucket.put(pointer.key, file);
    await registry.write("liveModel", "live", { live: pointer, candidates: [] }, "any");
    try {
      const calm = await untilAll(stage, "the model to be asked of every node", ASKED_MS, ({ model }) => model === pointer.version);
      stage.expect(
        "it takes nothing for a fault while all is well",
        calm.every(({ level }) => level === "calm"),
        told(calm),
      );
      const fromMs = stage.elapsedMs();
      await bucket.corrupt(pointer.key);
      stage.say(`a byte of ${pointer.key} has changed`);
      const isDamaged = ({ model, reason }: Foreseen["latest"]) => model === null && reason.includes("damaged");
      await untilAll(stage, "foresight to say that the model is damaged", FOUND_OUT_MS, isDamaged);
      stage.measure("bytes changed to said", stage.elapsedMs() - fromMs, "ms");
      const scored = await growsUntilItDies(stage, "leak");
      stage.expect("the prediction says that no model was asked", scored.model === null && scored.reason.includes("damaged"), scored.reason);
    } finally {
      await registry.remove("liveModel", "live");
    }
  },
};

/** By the product's own code, from weeks that were generated: a model that its gate lets speak. */
function trained(stage: Stage): { readonly file: string; readonly pointer: ModelPointer } {
  const { fleet } = stage.rehearsal;
  const { watch, prediction } = fleet.policies;
  const cadence = { stepMs: watch.vitalsSeconds * 1_000, horizonMs: prediction.horizonSeconds * 1_000 };
  const nodes = fleet.nodes.map(({ id }) => id as string);
  const horizonSteps = Math.round(cadence.horizonMs / cadence.stepMs);
  const lives = leakingLives({ nodes, stepMs: cadence.stepMs, horizonSteps, rows: ROWS, untilMs: Date.now(), seed: SEED });
  const pieces = lives.flatMap((life) => piecesOf(life, cadence));
  const weighing = weighCandidate({ pieces, settings: nodeModelSettings(cadence), weekSteps: WEEK_MS / cadence.stepMs, live: null });
  if (weighing.kind === "thin" || weighing.verdict.kind !== "promote")
    throw new Error(weighing.kind === "thin" ? weighing.reason : weighing.verdict.reason);
  const facts = { cadence, atMs: Date.now(), nodes: nodes.length, region: fleet.regions.home, reason: weighing.verdict.reason };
  return publicationOf(weighing, facts);
}

/** What is foretold of each node, once it is so of all of them. */
async function untilAll(stage: Stage, what: string, withinMs: number, isSo: (latest: Foreseen["latest"]) => boolean): Promise<Foreseen["latest"][]> {
  const nodes = stage.rehearsal.fleet.nodes.map(({ id }) => id);
  return await stage.until(what, withinMs, async () => {
    const found = await Promise.all(nodes.map((node) => stage.registry.read("foreseen", node)));
    const all = found.flatMap((cell) => (cell.kind === "found" ? [cell.value.latest] : []));
    return all.length === nodes.length && all.every(isSo) ? all : false;
  });
}

const told = (all: readonly Foreseen["latest"][]): string =>
  all.map(({ by, level, probability }) => `${level} at ${probability.toFixed(3)} by ${by}`).join(", ");
