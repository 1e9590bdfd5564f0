/** The agent beside a node of the network in memory: the real grant machine behind the port's answers. */
import { takeCheckpoint } from "../../core/failover/stateful-failover/checkpoint.ts";
import { acceptGrant, fence, issueNonce } from "../../core/failover/stateful-failover/grant.ts";
import type { AgentRole, Checkpoint, PeerView, Report } from "../../core/kernel/agent-protocol.ts";
import type { FleetId } from "../../core/kernel/ids.ts";
import type { AgentAnswer } from "../../core/kernel/ports.ts";
import { ROLE } from "./fake-fleet-file.ts";
import type { FakeNode } from "./fake-node.ts";

export type AgentOrder = { kind: string } & Record<string, unknown>;
/** The agent's surroundings: the other nodes, the time, a number that was never drawn before. */
export type Around = {
  readonly fleet: FleetId;
  readonly others: readonly FakeNode[];
  readonly nowMs: number;
  readonly wallMs: number;
  readonly serial: number;
};

export function obey(node: FakeNode, order: AgentOrder, around: Around, roundTripMs: number): AgentAnswer {
  const stamp = { fleet: around.fleet, node: node.id, challenge: "A".repeat(22), boot: node.boot };
  const answered = (reply: Record<string, unknown>): AgentAnswer => ({ kind: "answered", reply: { ...stamp, ...reply } as never, roundTripMs });
  const { nowMs } = around;
  if (order.kind === "report") return answered({ kind: "report", report: reportOf(node, around) });
  if (order.kind === "checkpoint") return answered({ kind: "checkpoint", checkpoint: checkpointOf(node) });
  if (order.kind === "demote") {
    node.demoted.push(order.epoch as number);
    return answered({ kind: "demoted", role: ROLE, epoch: order.epoch });
  }
  if (order.kind === "fence") {
    Object.assign(node, fence(node.stored, node.memory, order.epoch as number));
    return answered({
      kind: "fenced",
      role: ROLE,
      epoch: node.stored.fencedThrough,
      watermark: node.stored.watermark,
      throughSlot: node.stored.throughSlot,
      checkpoint: null,
    });
  }
  if (order.kind === "grant") {
    const grant = order.grant as Parameters<typeof acceptGrant>[2]["grant"];
    const taken = acceptGrant(node.stored, node.memory, { grant, nonce: order.nonce as string, nowMs });
    node.memory = taken.memory;
    if (taken.kind === "refused") return { kind: "refused", code: taken.code, reason: taken.reason };
    node.stored = taken.stored;
    return answered({ kind: "granted", role: ROLE, epoch: grant.epoch, watermark: node.stored.watermark });
  }
  throw new Error(`the fake agent does not know ${order.kind}`);
}

function checkpointOf(node: FakeNode): Checkpoint {
  return takeCheckpoint({
    role: ROLE,
    node: node.id,
    epoch: node.stored.epoch,
    version: node.stored.watermark + 1,
    watermark: node.stored.watermark,
    pending: [],
  });
}

function reportOf(node: FakeNode, around: Around): Report {
  const { nowMs, serial } = around;
  const nonce = serial.toString(36).padStart(22, "0");
  const held = node.memory.grants.get(ROLE);
  node.memory = issueNonce(node.memory, nonce, nowMs);
  const role: AgentRole = {
    role: ROLE,
    epoch: node.stored.epoch,
    fencedThrough: node.stored.fencedThrough,
    watermark: node.stored.watermark,
    throughSlot: node.stored.throughSlot,
    grant: held
      ? { epoch: held.epoch, fromSlot: held.fromSlot, throughSlot: held.throughSlot, remainingMs: Math.max(0, held.expiresAtMs - nowMs) }
      : null,
    askedMsAgo: node.askedAtMs === null ? null : nowMs - node.askedAtMs,
  };
  const { version, sha256 } = checkpointOf(node);
  return {
    boot: node.boot,
    closed: null,
    nonce,
    wallMs: Math.trunc(around.wallMs),
    self: { kind: node.manner === "up" ? "answering" : node.manner === "refusing" ? "refusing" : "silent", head: null, headHash: null, forMs: 0 },
    roles: [role],
    peers: around.others.map((other) => viewOf(node, other, nowMs)),
    host: node.host,
    refused: { replayed: 0, stale: 0, forged: 0, misdirected: 0 },
    checkpoint: held ? { role: ROLE, version, sha256 } : null,
    work: null,
  };
}

function viewOf(from: FakeNode, to: FakeNode, nowMs: number): PeerView {
  const reachable = to.manner === "up" && !to.cutOff && !from.cutOff;
  return {
    node: to.id,
    reachable,
    head: reachable ? (to.chain.at(-1)?.height ?? null) : null,
    agrees: reachable ? from.branch === to.branch : null,
    stalledForMs: nowMs - to.movedAtMs,
    ageMs: 0,
    unreachableForMs: reachable ? 0 : Math.max(0, nowMs - to.downSinceMs),
  };
}
