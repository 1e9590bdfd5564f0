/** What a detector is told by the fleet file, with the limits that derive from it. All durations in milliseconds. */
import type { Fleet } from "../../kernel/fleet.ts";

export type Rules = {
  readonly cadenceMs: number;
  readonly probeTimeoutMs: number;
  readonly lagBlocksMax: number;
  readonly stallIntervalsMax: number;
  readonly flapHalfLifeMs: number;
  readonly chainId: number;
  readonly genesisHash: string;
  /** The length of a slot, null on a chain that signs heights. */
  readonly slotMs: number | null;
};

export function rulesOf(fleet: Fleet): Rules {
  const { watch, failover } = fleet.policies;
  const { chainId, genesisHash, slots } = fleet.chain;
  return {
    cadenceMs: watch.cadenceMs,
    probeTimeoutMs: watch.probeTimeoutMs,
    lagBlocksMax: watch.lagBlocksMax,
    stallIntervalsMax: watch.stallIntervalsMax,
    flapHalfLifeMs: failover.flapHalfLifeSeconds * 1_000,
    chainId,
    genesisHash,
    slotMs: slots.kind === "time" ? slots.seconds * 1_000 : null,
  };
}

/** One lost packet is no silence: two probes must have gone unanswered, whatever a node's history says. */
export const silenceFloorMs = (rules: Rules): number => 2 * rules.cadenceMs;

/** However jittery a node has been, nobody waits longer than this for its word; four times the floor. */
export const silenceCapMs = (rules: Rules): number => 4 * silenceFloorMs(rules);

/** A head told this long ago is no longer compared with others: by then its node is confirmed as unreachable. */
export const headMemoryMs = (rules: Rules): number => silenceCapMs(rules);

/** What an agent said of itself or of a peer counts for three of its rounds; a voter that went quiet has not voted. */
export const wordAgeMaxMs = (rules: Rules): number => 3 * rules.cadenceMs;

/** While a node is not healthy its verdict is written again this often, so that the other observers see it is still meant. */
export const verdictRefreshMs = (rules: Rules): number => 5 * rules.cadenceMs;

/** Another observer's verdict counts for three refreshes: two may be lost, and Regions' clocks may differ by seconds. */
export const verdictAgeMaxMs = (rules: Rules): number => 3 * verdictRefreshMs(rules);
