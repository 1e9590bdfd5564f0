/**
 * Read, decide, write if nobody was faster; else again, from what is there now. The decision is a pure function and may
 * be asked several times; what it decided last is what stands.
 */
import { RegistryConflict } from "./errors.ts";
import type { Registry } from "./ports.ts";
import type { RecordKind, RecordOf } from "./records.ts";

/** Five rounds lost in a row mean more contention than any cell of ours has: two Regions' watchers and one workflow. */
const ATTEMPTS = 5;

export type UpdateDecision<T> = { readonly kind: "write"; readonly next: T } | { readonly kind: "keep" };

/**
 * Resolves to the decision that stands: a `write` that was written, or a `keep` on the newest value.
 * `current` is null where the cell is absent. Throws RegistryConflict when `attempts` writes in a row were overtaken.
 */
export async function updateRecord<K extends RecordKind, D extends UpdateDecision<RecordOf<K>>>(
  registry: Pick<Registry, "read" | "write">,
  kind: K,
  key: string,
  decide: (current: RecordOf<K> | null) => D,
  attempts = ATTEMPTS,
): Promise<D> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const found = await registry.read(kind, key);
    const decision = decide(found.kind === "found" ? found.value : null);
    if (decision.kind === "keep") return decision;
    const outcome = await registry.write(kind, key, decision.next, found.kind === "found" ? found.revision : "absent");
    if (outcome.kind === "written") return decision;
  }
  throw new RegistryConflict({ kind, key, attempts });
}
