/**
 * From a holder in doubt to a condemnation: asks the peers' agents to look now, looks again itself, reads what the other
 * observers wrote, and adds up the votes after each word that comes in, so that the slowest voter delays nothing.
 */
import { compare } from "../../../core/failover/monitoring-system/comparison.ts";
import { proofOfLife } from "../../../core/failover/monitoring-system/proof-of-life.ts";
import { judgeQuorum } from "../../../core/failover/monitoring-system/quorum.ts";
import { verdictRefreshMs } from "../../../core/failover/monitoring-system/rules.ts";
import { validatorSilentMs } from "../../../core/failover/monitoring-system/validator-silence.ts";
import type { FleetNode, FleetRole } from "../../../core/kernel/fleet.ts";
import type { NodeId } from "../../../core/kernel/ids.ts";
import type { Evidence } from "../../../core/kernel/incident.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import { CONDEMNING, type Verdict } from "../../../core/kernel/node.ts";
import { headsOf, holdersValidator, judgeNodes } from "./judging.ts";
import { askReport, probeNode } from "./sensing.ts";
import { openIncident, REPEAT_MS } from "./unheld.ts";
import { freshReport, isDue, launch, leasesHeldBy, type Watcher } from "./watcher.ts";

/** A process that restarts within this was not away. */
const REPROBE_AFTER_MS = 200;
/** An agent looks for 700 ms at most at a peer that is silent; the rest is the way there and back. */
const INDIRECT_PROBE_MS = 1_000;
/** A node has at most three observers. */
const OBSERVERS_MAX = 3;

/** Doubts of a holder are looked into at once; of another node, with a second look of our own. */
export function lookIntoDoubts(watcher: Watcher): void {
  for (const node of watcher.shard.nodes) {
    const verdict = watcher.verdicts.get(node.id);
    if (!verdict || !isDoubt(verdict)) continue;
    const holds = leasesHeldBy(watcher, node.id).length > 0;
    // Once condemned it is looked at again now and then: to see the condemnation hold, or fall.
    const condemned = [...watcher.condemned.values()].some((each) => each.node === node.id);
    if (condemned && !isDue(watcher, `looking again at ${node.id}`, verdictRefreshMs(watcher.rules))) continue;
    if (holds || !verdict.confirmed) launch(watcher, `looking into ${node.id}`, () => lookInto(watcher, node, verdict, holds));
  }
}

const isDoubt = ({ kind }: Verdict): boolean => CONDEMNING.has(kind);

async function lookInto(watcher: Watcher, node: FleetNode, verdict: Verdict, holds: boolean): Promise<void> {
  const { world } = watcher;
  const again = async () => {
    // A silent one is probed by the next tick anyway; a second hanging probe would tell nothing sooner.
    if (verdict.kind === "unreachable" || verdict.confirmed) return;
    await world.clock.sleep(REPROBE_AFTER_MS);
    await probeNode(watcher, node);
  };
  const peers = holds ? world.fleet.nodes.filter(({ id }) => id !== node.id) : [];
  const words = [
    again(),
    ...(holds ? [readOthers(watcher, node.id)] : []),
    ...peers.map((peer) => askReport(watcher, peer, [node.id], Math.min(INDIRECT_PROBE_MS, watcher.rules.probeTimeoutMs))),
  ];
  await Promise.all(
    words.map(async (word) => {
      await word;
      judgeNodes(watcher);
      considerHolders(watcher, node.id);
    }),
  );
}

async function readOthers(watcher: Watcher, node: NodeId): Promise<void> {
  const { registry, clock } = watcher.world;
  const listed = await registry.list("verdict", { prefix: `${node}/`, limit: OBSERVERS_MAX });
  const verdicts = listed.map(({ value }) => value).filter(({ observer }) => observer !== watcher.observer);
  watcher.others.set(node, { verdicts, readAtMs: clock.monotonicMs() });
}

/** Adds up the votes on a node for each role that it holds; publishes the first condemnation at once, later ones sparingly. */
export function considerHolders(watcher: Watcher, node: string): void {
  const own = watcher.verdicts.get(node);
  for (const { lease } of leasesHeldBy(watcher, node)) {
    const role = watcher.shard.roles.find(({ name }) => name === lease.role);
    if (!role) continue;
    const inDoubt = own && isDoubt(own) && own.confirmed;
    const quorum = inDoubt ? judgeQuorum(quorumFacts(watcher, lease.holder, own)) : undefined;
    if (quorum?.kind === "condemned") condemn(watcher, role, lease, quorum.evidence);
    else forget(watcher, role, quorum?.reason ?? "it is not in doubt any more");
  }
}

function quorumFacts(watcher: Watcher, subject: NodeId, own: Verdict) {
  const { world, rules } = watcher;
  const { fleet, clock } = world;
  const nowMs = clock.monotonicMs();
  const { intervalMs, stallLimitMs } = compare([...watcher.detectors.values()], nowMs, rules);
  const validator = holdersValidator(watcher, subject, intervalMs);
  const self = freshReport(watcher, subject);
  return {
    subject,
    observers: [own, ...(watcher.others.get(subject)?.verdicts ?? [])],
    peers: fleet.nodes.flatMap(({ id }) => {
      const heard = freshReport(watcher, id);
      const view = heard?.report.peers.find(({ node }) => node === subject);
      return heard && view ? [{ peer: id, view, heardMsAgo: nowMs - heard.heardAtMs }] : [];
    }),
    self: self ? { kind: self.report.self.kind, heardMsAgo: nowMs - self.heardAtMs } : null,
    fleet,
    proofOfLife: proofOfLife({
      subject,
      signer: fleet.nodes.find(({ id }) => id === subject)?.signer,
      heads: headsOf(watcher),
      slots: fleet.chain.slots,
      suspectedAtWallMs: own.sinceMs,
      newestSlotBefore: watcher.newestSlotBefore.get(subject) ?? -1,
    }),
    network: watcher.network.state,
    validator,
    stillLimitMs: validator.kind === "silent" ? validatorSilentMs(rules, intervalMs) : stallLimitMs,
    nowWallMs: clock.wallMs(),
  };
}

function condemn(watcher: Watcher, role: FleetRole, lease: Lease, evidence: Evidence): void {
  const { bus, clock, log } = watcher.world;
  watcher.condemned.set(role.name, { node: lease.holder, epoch: lease.epoch });
  const name = `condemned ${role.name} ${lease.epoch}`;
  // A doubt older than a repetition was published by the run before this one.
  const first = !watcher.lastDoneMs.has(name) && clock.wallMs() - evidence.suspectedAtMs < REPEAT_MS;
  if (!isDue(watcher, name, REPEAT_MS)) return;
  const facts = { role: role.name, epoch: lease.epoch, reason: evidence.reason };
  log.decision({ module: "failover", subject: lease.holder, kind: "condemned", ...facts });
  launch(watcher, `telling that ${lease.holder} is condemned (${role.name})`, async () => {
    if (!first && (await openIncident(watcher, role))) return;
    await bus.publish("failover.node-condemned", { node: lease.holder, role: role.name, evidence });
  });
}

function forget(watcher: Watcher, role: FleetRole, reason: string): void {
  const known = watcher.condemned.get(role.name);
  if (!known) return;
  // Renewals resume: only the voters' word had stopped them.
  watcher.condemned.delete(role.name);
  if (isDue(watcher, `acquitted ${role.name}`, watcher.rules.cadenceMs)) {
    watcher.world.log.decision({ module: "failover", subject: known.node, kind: "acquitted", reason, role: role.name, epoch: known.epoch });
  }
}
