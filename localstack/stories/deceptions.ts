/** Nothing dies, but somebody cannot see, cannot be seen, or says what is not so. */
import { type Stage, type Story, untilIncidentEnds, untilRoleMoved, untilSignedByAnother } from "./story.ts";

/** Long enough for every detector to have condemned, had it wanted to: several times the slowest confirmation. */
const CALM_SLOTS = 12;

async function staysCalm(stage: Stage, why: string): Promise<void> {
  const before = await stage.lease();
  const from = await stage.tip();
  await stage.until(`${CALM_SLOTS} further slots`, 60_000, async () => (await stage.tip()).slot >= from.slot + CALM_SLOTS);
  stage.expect(`the role stays where it is: ${why}`, (await stage.lease()).epoch === before.epoch, `epoch ${before.epoch}`);
  stage.expect("no incident is opened", (await stage.incidents()).length === 0, `${(await stage.incidents()).length} incidents`);
}

export const oneObserverBlind: Story = {
  name: "one-observer-blind",
  about: "one Region sees the holder no more; one observer alone never condemns",
  reorganisationBlocksMax: 1,
  async run(stage) {
    const before = await stage.lease();
    await stage.fault("blind-observer", before.holder);
    await staysCalm(stage, "one observer alone never condemns");
  },
};

export const rogueNodeAhead: Story = {
  name: "rogue-node-ahead",
  about: "one node claims fifty blocks that nobody else has; lag is measured against the second-highest head",
  reorganisationBlocksMax: 60,
  async run(stage) {
    const before = await stage.lease();
    const rogue = before.holder === "n4" ? "n3" : "n4";
    await stage.fault("rogue", rogue);
    await staysCalm(stage, "a rogue ahead condemns nobody else");
    const verdicts = await stage.registry.list("verdict", { limit: 100 });
    const lagging = verdicts.filter(({ value }) => value.node !== rogue && value.kind === "lagging");
    stage.expect("no honest node is called lagging", lagging.length === 0, lagging.map(({ value }) => value.node).join(", ") || "none");
    const called = verdicts.filter(({ value }) => value.node === rogue).map(({ value }) => value.kind);
    stage.expect(
      "the rogue is called forked or lying",
      called.some((kind) => kind === "forked" || kind === "lying"),
      called.join(", "),
    );
  },
};

export const networkHalts: Story = {
  name: "network-halts",
  about: "every validator stops; the network is halted, and nobody is condemned for standing still with the others",
  reorganisationBlocksMax: 1,
  async run(stage) {
    const before = await stage.lease();
    await stage.fault("halt");
    await stage.until("an observer to call the network halted", 40_000, async () =>
      (await stage.registry.list("shard", { limit: 10 })).some(({ value }) => value.network === "halted"),
    );
    stage.expect("nobody is condemned in a halted network", (await stage.incidents()).length === 0, `${(await stage.incidents()).length} incidents`);
    await stage.fault("resume");
    const halted = await stage.tip();
    await stage.until("blocks after the halt", 30_000, async () => (await stage.tip()).height > halted.height + 2);
    stage.expect("the holder kept its role", (await stage.lease()).epoch === before.epoch, "same epoch");
  },
};

export const partitionedPrimary: Story = {
  name: "partitioned-primary",
  about: "the holder is cut off from everybody, and signs on alone; it stops within its granted slots before the successor begins",
  reorganisationBlocksMax: 30,
  async run(stage) {
    const before = await stage.lease();
    await stage.fault("isolate", before.holder);
    await untilRoleMoved(stage, before.holder, { signedMs: 40_000, endedMs: 30_000 });
    await stage.fault("heal");
    const after = await stage.lease();
    const from = await stage.tip();
    await stage.until("the successor to sign on after the partition heals", 30_000, async () => (await stage.tip()).slot > from.slot + 4);
    stage.expect("the old holder does not get the role back by returning", (await stage.lease()).epoch === after.epoch, `epoch ${after.epoch}`);
  },
};

export const primaryFreezesAndWakes: Story = {
  name: "primary-freezes-and-wakes",
  about: "the holder's host stops in mid-air and wakes after its successor signs; what it wakes up to is refused",
  reorganisationBlocksMax: 4,
  async run(stage) {
    const before = await stage.lease();
    await stage.fault("freeze", before.holder);
    const moved = await untilSignedByAnother(stage, before.holder, 40_000);
    stage.measure("fault to first block of the successor", moved.afterMs, "ms");
    await stage.fault("wake", before.holder);
    const incident = await untilIncidentEnds(stage, 30_000);
    stage.expect("the incident was resolved", incident.status === "resolved", incident.status);
    const from = await stage.tip();
    await stage.until("the successor to sign on", 30_000, async () => (await stage.tip()).slot > from.slot + 4);
  },
};
