/** Work that the agents trade among themselves: one node has too much of it, and nobody tells it whom to ask. */
import { imbalanceOf, roundsMax } from "../../core/scaling/autonomous-resource-optimization/convergence.ts";
import { loadOf } from "../../core/scaling/autonomous-resource-optimization/desk.ts";
import { shareOf, TRADE_RULES } from "../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import { WORK } from "../rehearsal/host-keys.ts";
import type { Stage, Story } from "./story.ts";
import { handOversIn, type Item, isSettled, type Look, sayLoads, sumOf, type WorkWatch, watchWork, workIn, writeItems } from "./work-looks.ts";

const ROUND_MS = WORK.roundSeconds * 1_000;
/** Long enough for loads that swing to do so several times. */
const QUIET_ROUNDS = 8;
const ASSIGNED_MS = 30_000;
const { marginShare } = TRADE_RULES;

/** 22 units at each node; and at the hot one as much more as makes three quarters of all. */
function planWork(nodes: readonly string[]): { hot: string; even: ReadonlyMap<string, Item[]>; all: Item[]; extra: Item[] } {
  const even = new Map(nodes.map((node) => [node, [4, 5, 6, 7].map((units, index) => ({ id: `even-${node}-${index}`, units }))]));
  const [hot = "n1"] = nodes;
  const first = [...even.values()].flat();
  const own = sumOf(even.get(hot) ?? []);
  const extra: Item[] = [];
  while (own + sumOf(extra) < 3 * (sumOf(first) - own)) extra.push({ id: `hot-${extra.length}`, units: 3 + (extra.length % 6) });
  return { hot, even, all: [...first, ...extra], extra };
}
type Plan = ReturnType<typeof planWork>;

/** First every node has the same, then one has all that is new. */
async function heat(stage: Stage, work: WorkWatch, { hot, even, all, extra }: Plan): Promise<{ heated: Look; bound: number }> {
  for (const [node, assigned] of even) writeItems(stage, node, { assigned });
  const first = [...even.values()].flat();
  await work.until("the first work to be served", ASSIGNED_MS, (look) => isSettled(look) && workIn(look.seen).length === first.length);
  work.expectItems(first);
  writeItems(stage, hot, { assigned: [...(even.get(hot) ?? []), ...extra] });
  const heated = await work.until("the new work to be on the hot node's desk", ASSIGNED_MS, ({ seen }) => {
    const desk = seen.find(({ node }) => node === hot)?.desk;
    return desk !== undefined && desk.work.length + (desk.giving?.items.length ?? 0) === (even.get(hot)?.length ?? 0) + extra.length;
  });
  work.expectItems(all);
  const nodes = heated.seen.map(({ desk }) => loadOf(desk));
  const units = all.map((item) => item.units);
  const bound = roundsMax({ nodes, smallestUnits: Math.min(...units), largestUnits: Math.max(...units), marginShare });
  stage.say(`of ${WORK.capacityUnits} each: ${sayLoads(heated.seen)}; the imbalance is ${imbalanceOf(nodes).toFixed(1)}: at most ${bound} rounds`);
  const hotUnits = Math.max(...nodes.map(({ loadUnits }) => loadUnits));
  stage.expect("one node has three quarters of all work", hotUnits >= 0.75 * sumOf(all), `${hotUnits} of ${sumOf(all)} units`);
  return { heated, bound };
}

/** In the middle of it one agent is killed and another hears none of its peers; later both are back. */
async function disturb(stage: Stage, work: WorkWatch, hot: string): Promise<void> {
  // The holder's agent is needed by the chain, and a role that moves is another story.
  const { holder } = await stage.lease();
  const [killed = "n2", cut = "n3"] = work.nodes.filter((node) => node !== holder && node !== hot);
  await work.until("a hand-over", ASSIGNED_MS, ({ seen }) => seen.some(({ desk }) => desk.giving !== null) || handOversIn(seen) > 0);
  await stage.fault("kill-agent", killed);
  await work.watch(ROUND_MS);
  await stage.fault("cut-peers", cut);
  await work.watch(2 * ROUND_MS);
  stage.say(`with ${killed}'s agent dead and ${cut}'s cut off: ${sayLoads(work.look().seen)}`);
  await stage.fault("restart-agent", killed);
  await work.watch(ROUND_MS);
  await stage.fault("reconnect", cut);
}

async function shed(stage: Stage): Promise<void> {
  const work = watchWork(stage);
  const plan = planWork(work.nodes);
  const { heated, bound } = await heat(stage, work, plan);
  await disturb(stage, work, plan.hot);
  const leftMs = bound * ROUND_MS - (stage.elapsedMs() - heated.atMs);
  const settled = await work.until("even loads", Math.max(ROUND_MS, leftMs), isSettled);
  const rounds = Math.ceil((settled.atMs - heated.atMs) / ROUND_MS);
  stage.measure("rounds until even, faults included", rounds, "count");
  stage.measure("time until even, faults included", settled.atMs - heated.atMs, "ms");
  stage.measure("items handed over, returns included", handOversIn(settled.seen), "count");
  stage.expect("loads were even within the stated bound on rounds", rounds <= bound, `${rounds} of ${bound}`);
  const shares = settled.seen.map(({ desk }) => shareOf(loadOf(desk)));
  const gapMax = Math.max(...plan.all.map(({ units }) => units)) / WORK.capacityUnits + marginShare;
  const isEven = Math.max(...shares) - Math.min(...shares) < gapMax;
  stage.expect("the highest and the lowest load differ by less than an item and the margin", isEven, sayLoads(settled.seen));
  const kept = sumOf(workIn(settled.seen));
  stage.expect("work was conserved", kept === sumOf(plan.all), `${kept} of ${sumOf(plan.all)} units`);

  await work.watch(QUIET_ROUNDS * ROUND_MS);
  const after = work.look();
  const placesIn = ({ seen }: Look): string => JSON.stringify(seen.map(({ desk }) => desk.work));
  stage.expect(`nothing moved in ${QUIET_ROUNDS} further rounds`, placesIn(after) === placesIn(settled), sayLoads(after.seen));
  work.tell();

  work.expectItems([]);
  for (const node of work.nodes) writeItems(stage, node, { finished: plan.all.map(({ id }) => id) });
  await work.until("finished work to be gone", ASSIGNED_MS, ({ seen }) =>
    seen.every(({ desk, servedIds }) => desk.work.length + servedIds.length === 0),
  );
}

export const hotNodeSheds: Story = {
  name: "hot-node-sheds",
  about:
    "one node gets three quarters of all work: the agents trade until loads are even, over a killed agent and a cut link, and nothing moves then",
  reorganisationBlocksMax: 2,
  run: shed,
};
