/** Moves that somebody asked for, and what becomes of the one who comes back. */
import { type Story, untilIncidentEnds, untilSignedByAnother } from "./story.ts";

export const plannedSwitchover: Story = {
  name: "planned-switchover",
  about: "an operator moves a healthy role with {fleet, role} and nothing else; at most one slot is missed",
  reorganisationBlocksMax: 1,
  async run(stage) {
    const before = await stage.lease();
    await stage.order({});
    const moved = await untilSignedByAnother(stage, before.holder, 20_000);
    const incident = await untilIncidentEnds(stage, 20_000);
    stage.measure("order to first block of the new holder", moved.afterMs, "ms");
    const missed = incident.outcome?.missedSlots ?? Number.NaN;
    stage.measure("slots missed", missed, "slots");
    stage.expect("at most one slot was missed", missed <= 1, `${missed}`);
    stage.expect("the incident was resolved", incident.status === "resolved", incident.status);
  },
};

export const oldPrimaryReturns: Story = {
  name: "old-primary-returns",
  about: "a killed host comes back: it is refused its role, resynchronises, and is admitted again as a standby; then the role goes back to it",
  reorganisationBlocksMax: 4,
  async run(stage) {
    const before = await stage.lease();
    await stage.fault("kill-host", before.holder);
    await untilSignedByAnother(stage, before.holder, 40_000);
    await untilIncidentEnds(stage, 30_000);
    await stage.fault("restart-host", before.holder);
    const standing = await stage.until("the old holder to be a member again", 90_000, async () => {
      const cell = await stage.registry.read("standing", before.holder);
      return cell.kind === "found" && cell.value.standing === "member" ? cell.value : false;
    });
    stage.expect("it was admitted again as a standby", (await stage.lease()).holder !== before.holder, standing.reason);
    const middle = await stage.lease();
    await stage.order({ kind: "switchover", to: before.holder });
    const back = await stage.until(`${before.holder} to sign again`, 30_000, async () => (await stage.tip()).signer === before.holder);
    stage.expect("failback is a takeover like any other", back && (await stage.lease()).epoch === middle.epoch + 1, `epoch ${middle.epoch + 1}`);
  },
};

export const budgetSpent: Story = {
  name: "budget-spent",
  about: "the fleet's failover budget is spent: automation stops and a person is told; nothing moves",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const before = await stage.lease();
    const ledger = await stage.registry.read("failovers", "all");
    const now = Date.now();
    const id = `${before.role}-${new Date(now).toISOString().replace(/[-:.Z]/g, "")}` as never;
    const spent = Array.from({ length: 200 }, () => ({ role: before.role, incident: id, atMs: now, endedAtMs: now }));
    await stage.registry.write("failovers", "all", { recent: spent }, "any");
    await stage.fault("kill-node", before.holder);
    const incident = await untilIncidentEnds(stage, 30_000);
    stage.expect("a person was told", incident.status === "escalated", `${incident.status}: ${incident.reason}`);
    stage.expect("the role was not moved", (await stage.lease()).epoch === before.epoch, `epoch ${before.epoch}`);
    await stage.registry.write("failovers", "all", ledger.kind === "found" ? ledger.value : { recent: [] }, "any");
    await stage.fault("heal");
    const silent = await stage.tip();
    await stage.until("blocks again", 60_000, async () => (await stage.tip()).slot > silent.slot);
    stage.expect("the old holder goes on under its epoch", (await stage.lease()).epoch === before.epoch, `epoch ${before.epoch}`);
  },
};
