/**
 * Whether the holder's validator has stopped asking its agent for slots while others still ask theirs. On a chain with a
 * single signer every head stands still when that signer stops, which by heads alone looks like a halted network; the
 * agents know better. If no validator asks, the fault is the network's (or the operator's), and nobody's in particular.
 */
import type { Rules } from "./rules.ts";

export type ValidatorSilence = { readonly kind: "silent" | "asking" | "unknown"; readonly reason: string };

/** When an agent last heard its validator, as of now; null where that is not known. */
export type Asking = { readonly node: string; readonly askedMsAgo: number | null };

/** A validator asks once a slot; three missed in a row are no hiccup. */
const SILENT_SLOTS = 3;
/** A pause shorter than this is within the jitter of the reports themselves. */
const SILENT_CADENCES_MIN = 3;

export function validatorSilentMs(rules: Rules, intervalMs: number): number {
  return Math.max(SILENT_SLOTS * (rules.slotMs ?? intervalMs), SILENT_CADENCES_MIN * rules.cadenceMs);
}

export function judgeValidator(facts: { subject: string; asking: readonly Asking[]; limitMs: number }): ValidatorSilence {
  const own = facts.asking.find(({ node }) => node === facts.subject);
  if (!own || own.askedMsAgo === null) return { kind: "unknown", reason: "its agent has not said when its validator last asked" };
  const ago = Math.round(own.askedMsAgo);
  if (own.askedMsAgo < facts.limitMs) return { kind: "asking", reason: `its validator asked ${ago} ms ago` };
  const others = facts.asking.filter(({ node, askedMsAgo }) => node !== facts.subject && askedMsAgo !== null && askedMsAgo < facts.limitMs);
  if (others.length === 0) return { kind: "unknown", reason: `its validator has not asked for ${ago} ms, and nor has any other` };
  return {
    kind: "silent",
    reason: `its validator has not asked its agent for ${ago} ms, while ${others.map(({ node }) => node).join(", ")} still ask`,
  };
}
