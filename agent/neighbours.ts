/**
 * What this host sees of its own node and of the peers' nodes. A round each second looks at all (at most PEERS_PER_ROUND,
 * in turn); `lookNow` looks at named peers at once, for an observer that has just lost sight of one. One that hangs delays
 * neither the others nor the round after.
 */
import type { PeerView, Report } from "../core/kernel/agent-protocol.ts";
import type { FleetNode } from "../core/kernel/fleet.ts";
import type { NodeId } from "../core/kernel/ids.ts";
import type { Probe } from "../core/kernel/node.ts";
import type { Clock, Nodes } from "../core/kernel/ports.ts";

/** A refusal comes at once; for the rest an observer that asks us to look waits no longer than this. */
export const LOOK_TIMEOUT_MS = 700;
/** A look this young is not repeated on demand. */
const FRESH_MS = 150;
/** 64 probes a second cost some 5 % of a core; a larger fleet is seen in turn, and each view says how old it is. */
const PEERS_PER_ROUND = 64;
/** Own block hashes kept to compare a peer's with: minutes at one block a second. */
const HASHES_KEPT = 256;

type Seen = { probe: Probe; atMs: number; head: number | null; movedAtMs: number; badSinceMs: number | null; agrees: boolean | null };

export type Neighbours = ReturnType<typeof watchNeighbours>;

export function watchNeighbours(options: {
  self: FleetNode;
  peers: readonly FleetNode[];
  nodes: Pick<Nodes, "probe">;
  clock: Pick<Clock, "monotonicMs">;
}) {
  const { nodes, clock, self } = options;
  const peers = new Map(options.peers.map((peer) => [peer.id, peer]));
  const seen = new Map<NodeId, Seen>();
  const hashes = new Map<number, string>();
  const looking = new Map<NodeId, Promise<void>>();
  let turn = 0;
  let own: (Seen & { kindSinceMs: number }) | undefined;

  /** Returns the height that this very look found: `self()` may be overtaken by a look that began earlier. */
  async function lookAtSelf(): Promise<number | null> {
    const probe = await nodes.probe(self, { referenceHeight: null, timeoutMs: LOOK_TIMEOUT_MS });
    const atMs = clock.monotonicMs();
    if (probe.kind === "answered") rememberHash(probe.head.height, probe.head.hash);
    const kindSinceMs = own !== undefined && own.probe.kind === probe.kind ? own.kindSinceMs : atMs;
    own = { ...nextSeen(own, probe, atMs, null), kindSinceMs };
    return probe.kind === "answered" ? probe.head.height : null;
  }

  async function lookAt(peer: FleetNode): Promise<void> {
    const referenceHeight = own?.probe.kind === "answered" ? own.probe.head.height : null;
    const probe = await nodes.probe(peer, { referenceHeight, timeoutMs: LOOK_TIMEOUT_MS });
    seen.set(peer.id, nextSeen(seen.get(peer.id), probe, clock.monotonicMs(), agreement(probe)));
  }

  /** One look at a peer at a time; whoever asks meanwhile waits for that one. */
  function look(peer: FleetNode): Promise<void> {
    const under = looking.get(peer.id);
    if (under !== undefined) return under;
    const started = lookAt(peer).finally(() => looking.delete(peer.id));
    looking.set(peer.id, started);
    return started;
  }

  function rememberHash(height: number, hash: string): void {
    hashes.delete(height);
    hashes.set(height, hash);
    const [oldest] = hashes.keys();
    if (hashes.size > HASHES_KEPT && oldest !== undefined) hashes.delete(oldest);
  }

  function agreement(probe: Probe): boolean | null {
    if (probe.kind !== "answered") return null;
    for (const block of [probe.reference, probe.head]) {
      const mine = block === null ? undefined : hashes.get(block.height);
      if (block !== null && mine !== undefined) return mine === block.hash;
    }
    return null;
  }

  return {
    async round(): Promise<void> {
      const all = [...peers.values()];
      const due = Array.from({ length: Math.min(PEERS_PER_ROUND, all.length) }, (_, index) => all[(turn + index) % all.length]);
      turn += due.length;
      await Promise.all([lookAtSelf(), ...due.map((peer) => (peer === undefined ? Promise.resolve() : look(peer)))]);
    },

    async lookNow(ids: readonly NodeId[]): Promise<void> {
      const wanted = ids.flatMap((id) => peers.get(id) ?? []);
      const stale = wanted.filter((peer) => clock.monotonicMs() - (seen.get(peer.id)?.atMs ?? Number.NEGATIVE_INFINITY) > FRESH_MS);
      await Promise.all(stale.map(look));
    },

    lookAtSelf,

    self(): Report["self"] {
      if (own === undefined) return { kind: "silent", head: null, headHash: null, forMs: 0 };
      const { probe } = own;
      const kind = probe.kind === "answered" ? "answering" : probe.kind === "refused" ? "refusing" : probe.kind;
      const head = probe.kind === "answered" ? probe.head : null;
      return { kind, head: head?.height ?? null, headHash: head?.hash ?? null, forMs: clock.monotonicMs() - own.kindSinceMs };
    },

    /** Peers that were never looked at are left out: no view is not a bad view. */
    views(): PeerView[] {
      const nowMs = clock.monotonicMs();
      return [...seen].map(([node, { probe, atMs, head, movedAtMs, badSinceMs, agrees }]) => ({
        node,
        reachable: probe.kind === "answered",
        head,
        agrees,
        stalledForMs: Math.max(0, nowMs - movedAtMs),
        ageMs: Math.max(0, nowMs - atMs),
        unreachableForMs: badSinceMs === null ? 0 : Math.max(0, nowMs - badSinceMs),
      }));
    },
  };
}

function nextSeen(before: Seen | undefined, probe: Probe, atMs: number, agrees: boolean | null): Seen {
  const answered = probe.kind === "answered";
  const head = answered ? probe.head.height : (before?.head ?? null);
  const moved = before === undefined || head !== before.head;
  return {
    probe,
    atMs,
    head,
    movedAtMs: moved ? atMs : before.movedAtMs,
    badSinceMs: answered ? null : (before?.badSinceMs ?? atMs),
    agrees,
  };
}
