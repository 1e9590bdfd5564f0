/**
 * The pointer to the live model moves by a conditional write, and only from the model that the candidate was compared with: of two runs at once one
 * promotes, and the other is written down as kept.
 */

import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { CANDIDATES_MAX, type LiveModel, type ModelCandidate, type ModelPointer } from "../../../core/kernel/live-model.ts";
import type { World } from "../../../core/kernel/ports.ts";

export type Promoted = {
  readonly pointer: ModelPointer;
  readonly candidate: ModelCandidate;
  /** The version that was live when the candidate was compared. */
  readonly before: string | null;
};
type Decided = { readonly decision: ModelCandidate["decision"]; readonly reason: string };

const OVERTAKEN = "another run promoted a model while this one was trained";

export async function promoteModel({ registry }: World, { pointer, candidate, before }: Promoted): Promise<Decided> {
  const { next } = await updateRecord(registry, "liveModel", "live", (current) => {
    const isSame = (current?.live?.version ?? null) === before;
    const written: ModelCandidate = isSame ? candidate : { ...candidate, decision: "kept", reason: OVERTAKEN };
    const next: LiveModel = { live: isSame ? pointer : (current?.live ?? null), candidates: withCandidate(current, written) };
    return { kind: "write" as const, next };
  });
  return decidedOf(next, candidate);
}

export type FoundDrift = { readonly version: string; readonly drift: ModelPointer["drift"] };

/** The live one stays; what was found of its drift is written down with it. */
export async function recordCandidate({ registry }: World, candidate: ModelCandidate, found: FoundDrift | null): Promise<Decided> {
  await updateRecord(registry, "liveModel", "live", (current) => {
    const live = current?.live ?? null;
    const next: LiveModel = {
      live: live === null || found?.version !== live.version ? live : { ...live, drift: found.drift },
      candidates: withCandidate(current, candidate),
    };
    return { kind: "write" as const, next };
  });
  return { decision: candidate.decision, reason: candidate.reason };
}

/** Of days on which there was too little, one after another, the newest says it all. */
function withCandidate(current: LiveModel | null, candidate: ModelCandidate): ModelCandidate[] {
  const before = current?.candidates ?? [];
  const kept = candidate.decision === "thin" && before[0]?.decision === "thin" ? before.slice(1) : before;
  return [candidate, ...kept].slice(0, CANDIDATES_MAX);
}

function decidedOf({ candidates }: LiveModel, { decision, reason }: ModelCandidate): Decided {
  const [newest] = candidates;
  return newest === undefined ? { decision, reason } : { decision: newest.decision, reason: newest.reason };
}
