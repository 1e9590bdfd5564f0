/**
 * Gives space back in two phases, safely beside running backups. First what no backup refers to is *condemned*: written down, and from
 * then on used by no new run. Then, a grace later, what is condemned and still referred to by nobody is removed.
 *
 * Why that is safe. A run uses nothing that was condemned when it began, and what it uses or stores can only be condemned after that, so
 * for a grace from its beginning nothing of it is removed. A run gives up when it has lasted that long, and when, at its last look
 * before its manifest, something of it is condemned. Else its manifest is stored within `MANIFEST_MS_MAX` of that look; and a removal,
 * which comes a grace after the condemnation, reads all manifests first and finds it. What a dying run has stored is young, and is
 * not condemned before the grace is over, so the next run can go on with it. A batch is what such a run leaves to be found: no
 * manifest ever names it, so it goes the same way, and what it speaks of is judged by the manifests and not by it.
 */

/** From a run's last look at what is condemned to its manifest being stored; a run that takes longer gives up. */
export const MANIFEST_MS_MAX = 600_000;
/** A day: longer than any run, any clock's error and any delay of a listing. */
export const GRACE_MS = 86_400_000;

/** `key` of a pack, an index or a batch; `modifiedMs` as the store says. */
export type SweptObject = { readonly key: string; readonly sizeBytes: number; readonly modifiedMs: number };
export type Condemned = { readonly key: string; readonly atMs: number };

export type Completion = { readonly kind: "go-on" } | { readonly kind: "give-up"; readonly reason: string };

/** Asked with what was condemned at that very moment. Whoever is told to go on has `MANIFEST_MS_MAX` to store the manifest. */
export function decideCompletion(facts: {
  begunAtMs: number;
  nowMs: number;
  refers: ReadonlySet<string>;
  condemned: readonly Condemned[];
}): Completion {
  const lastedMs = facts.nowMs - facts.begunAtMs;
  if (lastedMs > GRACE_MS || lastedMs < 0) {
    return { kind: "give-up", reason: `the run has lasted ${Math.round(lastedMs / 1_000)} s, at most ${GRACE_MS / 1_000} s are safe beside a sweep` };
  }
  const lost = facts.condemned.find(({ key }) => facts.refers.has(key));
  return lost === undefined ? { kind: "go-on" } : { kind: "give-up", reason: `${lost.key} was condemned by a sweep meanwhile` };
}

type Facts = {
  readonly objects: readonly SweptObject[];
  /** Keys of everything that some manifest names. */
  readonly referred: ReadonlySet<string>;
  readonly condemned: readonly Condemned[];
  readonly nowMs: number;
};
export type SweepDecision = {
  /** Newly condemned now. */
  readonly condemn: readonly SweptObject[];
  /** Condemned before and referred to since, by a run that had looked before: they stay, and are condemned no more. */
  readonly spare: readonly string[];
  /** Safe to remove now. */
  readonly remove: readonly SweptObject[];
  readonly reason: string;
};

export function decideSweep({ objects, referred, condemned, nowMs }: Facts): SweepDecision {
  const condemnedAtMs = new Map(condemned.map(({ key, atMs }) => [key, atMs]));
  const spare = condemned.filter(({ key }) => referred.has(key)).map(({ key }) => key);
  const unreferred = objects.filter(({ key }) => !referred.has(key));
  const remove = unreferred.filter(({ key }) => nowMs - (condemnedAtMs.get(key) ?? nowMs) > GRACE_MS);
  const condemn = unreferred.filter(({ key, modifiedMs }) => !condemnedAtMs.has(key) && nowMs - modifiedMs > GRACE_MS);
  const reason = `${objects.length} objects, ${unreferred.length} that no backup refers to: ${condemn.length} condemned, ${remove.length} removed, ${spare.length} spared`;
  return { condemn, spare, remove, reason };
}
