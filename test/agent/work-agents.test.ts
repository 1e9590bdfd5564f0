/** Two real agents over loopback, each with a key, a store and a file of work of its own: what one has too much of, the other takes. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newSigningKey, publicKeyOf, seedOf } from "../../adapters/signature-ed25519.ts";
import type { RunningAgent } from "../../agent/start.ts";
import { Desk } from "../../core/scaling/autonomous-resource-optimization/desk.ts";
import { freePort } from "../../localstack/emulator/port.ts";
import { agentRig, type Rig } from "../support/agent-rig.ts";

const IDS = ["n1", "n2"] as const;
const WITHIN = { timeout: 15_000, interval: 50 };

let rigs: Rig[];
let agents: RunningAgent[];
beforeEach(async () => {
  const keys = IDS.map(() => newSigningKey());
  const ports = [await freePort(), await freePort()];
  const peer = (index: number) => ({
    id: IDS[index],
    rpc: "http://127.0.0.1:9",
    agent: `http://127.0.0.1:${ports[index]}`,
    agentKey: publicKeyOf(keys[index] ?? newSigningKey()),
  });
  rigs = [];
  for (const [index, node] of IDS.entries()) {
    const seed = seedOf(keys[index] ?? newSigningKey());
    const rig = await agentRig({ node, peers: [peer(1 - index)] }, { seed, commandPort: ports[index] ?? 0 });
    rig.config.work = {
      capacityUnits: 100,
      items: join(rig.folder, "items.json"),
      changed: { command: ["/bin/sh", "-c", `printf %s "$SYNNERGY_WORK" > ${join(rig.folder, "served.json")}`], timeoutMs: 5_000 },
      roundSeconds: 1,
    };
    rigs.push(rig);
    assign(index, {});
  }
  agents = [];
  for (const rig of rigs) agents.push(await rig.start());
});
afterEach(() => Promise.all(rigs.map((rig) => rig.end())));

const rigOf = (index: number): Rig => rigs[index] as Rig;
function assign(index: number, file: object): void {
  const path = join(rigOf(index).folder, "items.json");
  writeFileSync(`${path}.new`, JSON.stringify(file));
  renameSync(`${path}.new`, path);
}
/** All of it is there, and no item could move with gain: their loads differ by less than its units and the margin. */
async function becomeEven(totalUnits: number, unitsMax: number): Promise<void> {
  const look = () => {
    const [one = 0, two = 0] = loads();
    return { totalUnits: one + two, isEven: Math.abs(one - two) <= unitsMax + 5 };
  };
  await expect.poll(look, WITHIN).toEqual({ totalUnits, isEven: true });
}
const loads = () => agents.map((agent) => agent.agent.work()?.loadUnits);
const served = (index: number): string[] => {
  const list = JSON.parse(readFileSync(join(rigOf(index).folder, "served.json"), "utf8")) as { id: string }[];
  return list.map(({ id }) => id).toSorted();
};
const deskOf = (index: number): Desk => {
  const [, line = ""] = readFileSync(join(rigOf(index).config.store, "work-desk.json"), "utf8").split("\n");
  return Desk.parse((JSON.parse(line) as { body: { desk: unknown } }).body.desk);
};
const items = (count: number, units: number) => Array.from({ length: count }, (_, index) => ({ id: `w${index}`, units }));
const names = items(12, 5).map(({ id }) => id);

test("they become even, serve each item once, and stay so over a restart; what is measured anew moves again; what is finished is gone", async () => {
  assign(0, { assigned: items(12, 5) });
  await becomeEven(60, 5);
  await expect.poll(() => [...served(0), ...served(1)].toSorted(), WITHIN).toEqual(names.toSorted());
  expect(agents.map(({ agent }) => agent.work()?.trades)).toEqual([1, 1]);

  const { epoch, work } = deskOf(0);
  await rigOf(0).stop(agents[0] as RunningAgent);
  agents[0] = await rigOf(0).start();
  await expect.poll(() => deskOf(0).epoch, WITHIN).toBe(epoch + 1);
  expect(deskOf(0).work, "the file is there still, and assigns nothing again").toEqual(work);

  const hot = served(1).slice(0, 4);
  assign(1, { measured: Object.fromEntries(hot.map((id) => [id, 15])) });
  await becomeEven(100, 15);
  await expect.poll(() => [...served(0), ...served(1)].toSorted(), WITHIN).toEqual(names.toSorted());

  assign(0, { assigned: items(12, 5), finished: names });
  assign(1, { finished: names });
  await expect.poll(loads, WITHIN).toEqual([0, 0]);
  await expect.poll(() => [...served(0), ...served(1)], WITHIN).toEqual([]);
}, 60_000);

test("a desk that was lost is begun empty: what it had may be on another desk by now", async () => {
  assign(0, { assigned: items(12, 5) });
  await becomeEven(60, 5);
  await rigOf(0).stop(agents[0] as RunningAgent);
  rmSync(join(rigOf(0).config.store, "work-desk.json"));
  agents[0] = await rigOf(0).start();
  const isTold = () => rigOf(0).world.lines.some(({ kind }) => kind === "work-not-assigned");
  await expect.poll(isTold, WITHIN).toBe(true);
  assign(0, { assigned: [...items(12, 5), { id: "new", units: 3 }] });
  await expect.poll(() => [...deskOf(0).work, ...deskOf(1).work].filter(({ id }) => id === "new").length, WITHIN).toBe(1);
  const all = [...deskOf(0).work, ...deskOf(1).work].map(({ id }) => id);
  expect(new Set(all).size).toBe(all.length);
}, 60_000);
