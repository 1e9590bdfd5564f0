/** Something dies: a process, a host, a watcher, a Region, the workflow itself. */
import { type Story, untilIncidentEnds, untilRoleMoved, untilSignedByAnother } from "./story.ts";

/** Lease 10 s, and what finding, judging and promoting may take on a busy machine. */
const WAITED_OUT_MS = 30_000;

export const primaryDies: Story = {
  name: "primary-dies",
  about: "the holder's node process is killed; its agent lives, acknowledges the fence, and the role moves at once",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const before = await stage.lease();
    await stage.fault("kill-node", before.holder);
    await untilRoleMoved(stage, before.holder, { signedMs: 20_000, endedMs: 20_000 });
    const after = await stage.lease();
    stage.expect("the epoch grew by one", after.epoch === before.epoch + 1, `${before.epoch} to ${after.epoch}`);
  },
};

export const hostDies: Story = {
  name: "host-dies",
  about: "node, agent and validator are killed at once; nobody can acknowledge, so the lease is waited out",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const before = await stage.lease();
    await stage.fault("kill-host", before.holder);
    const { moved } = await untilRoleMoved(stage, before.holder, { signedMs: WAITED_OUT_MS, endedMs: WAITED_OUT_MS });
    const after = await stage.lease();
    stage.expect(
      "the successor signs above every slot that was granted before",
      moved.slot > before.throughSlot,
      `slot ${moved.slot}, granted through ${before.throughSlot}`,
    );
    stage.expect("the epoch grew by one", after.epoch === before.epoch + 1, `${before.epoch} to ${after.epoch}`);
  },
};

export const watcherDies: Story = {
  name: "watcher-dies",
  about: "the process that watches in one Region is killed; the other Region's renewals keep every slot",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const before = await stage.lease();
    await stage.killWatcher(stage.home);
    const seen = await stage.tip();
    const later = await stage.until("twelve further slots", 40_000, async () => {
      const tip = await stage.tip();
      return tip.slot >= seen.slot + 12 ? tip : false;
    });
    stage.measure("slots without a block while one watcher was gone", later.slot - seen.slot - (later.height - seen.height), "slots");
    stage.expect(
      "no slot was lost",
      later.slot - seen.slot === later.height - seen.height,
      `${later.height - seen.height} blocks in ${later.slot - seen.slot} slots`,
    );
    stage.expect("the holder kept its role", (await stage.lease()).epoch === before.epoch, "same epoch");
    stage.expect("no incident was opened", (await stage.incidents()).length === 0, "none");
  },
};

export const regionDies: Story = {
  name: "region-dies",
  about: "one Region's functions lose AWS, nodes and agents; then the primary dies; the other Region and the peers' agents suffice",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const before = await stage.lease();
    const lost = stage.regions.find((region) => region !== stage.home) ?? stage.home;
    await stage.fault("region-down", lost);
    await stage.fault("kill-node", before.holder);
    const { incident } = await untilRoleMoved(stage, before.holder, { signedMs: 30_000, endedMs: 30_000 });
    const observers = incident.evidence?.votes.filter((vote) => vote.kind === "observer" && vote.down).length ?? 0;
    stage.expect("one observer and the peers' agents were enough", observers <= 1 || incident.evidence === null, `${observers} observers voted`);
  },
};

export const agentCutOff: Story = {
  name: "agent-cut-off",
  about: "no observer reaches the holder's agent, while its node answers: nobody is condemned, the lease runs out, and the role moves",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const before = await stage.lease();
    await stage.fault("cut-agent", before.holder);
    const { moved, incident } = await untilRoleMoved(stage, before.holder, { signedMs: 60_000, endedMs: WAITED_OUT_MS });
    stage.expect("nobody was condemned", incident.evidence === null, incident.reason);
    stage.expect(
      "the successor signs above every slot that was granted before",
      moved.slot > before.throughSlot,
      `slot ${moved.slot}, granted through ${before.throughSlot} when the fault was made`,
    );
  },
};

export const workflowDies: Story = {
  name: "workflow-dies",
  about: "the execution is stopped while the lease is revoking; another execution resumes and ends the incident",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const before = await stage.lease();
    await stage.fault("kill-host", before.holder);
    const revoking = await stage.until("the lease to be revoking", 15_000, async () => {
      const lease = await stage.lease();
      return lease.state === "revoking" && lease.revocation !== null ? lease.revocation : false;
    });
    await stage.stopExecution(revoking.owner);
    stage.say(`stopped ${revoking.owner} while the lease was revoking`);
    const moved = await untilSignedByAnother(stage, before.holder, 150_000);
    const incident = await untilIncidentEnds(stage, 60_000);
    stage.measure("fault to first block of the successor", moved.afterMs, "ms");
    stage.expect(
      "another execution ended the incident",
      incident.owner !== revoking.owner && incident.status === "resolved",
      `${incident.status} by ${incident.owner}`,
    );
  },
};

export const agentRestarts: Story = {
  name: "agent-restarts",
  about: "the holder's agent is restarted cleanly and loses at most the slots of its downtime; killed, it starts above every granted slot",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const before = await stage.lease();
    await stage.fault("restart-agent", before.holder);
    const signedAgain = await stage.until("the holder to sign after a clean restart", 20_000, async () => {
      const tip = await stage.tip();
      const lease = await stage.lease();
      return lease.boot !== null && lease.boot.bootId !== before.boot?.bootId && tip.signer === before.holder && stage.elapsedMs() > 1_000
        ? { tip, lease }
        : false;
    });
    stage.expect(
      "a clean restart gives up no slot",
      signedAgain.lease.fromSlot === before.fromSlot,
      `from slot ${before.fromSlot} to ${signedAgain.lease.fromSlot}`,
    );
    await stage.fault("kill-agent", before.holder);
    await stage.fault("restart-agent", before.holder);
    const unclean = await stage.until("the registry to hear of the unclean start", 40_000, async () => {
      const lease = await stage.lease();
      return lease.epoch > signedAgain.lease.epoch || lease.fromSlot > signedAgain.lease.fromSlot ? lease : false;
    });
    stage.expect(
      "after an unclean start nothing is signed at or below what was granted before",
      unclean.fromSlot > signedAgain.lease.throughSlot || unclean.epoch > signedAgain.lease.epoch,
      `from slot ${unclean.fromSlot}, granted through ${signedAgain.lease.throughSlot}`,
    );
    await stage.until("blocks again", 40_000, async () => (await stage.tip()).slot > unclean.fromSlot);
  },
};
