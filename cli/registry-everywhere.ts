/**
 * One registry out of every Region's. What must be consistent is in the registry's table and is asked of one Region; what may
 * be lost (events, vitals, windows) lies in each Region's own table, and its lists are merged here. A Region that does not
 * answer costs its part of a list, and is named; only when none answers does a list fail.
 */
import type { Registry, Revision } from "../core/kernel/ports.ts";
import { RECORDS, type RecordKind, type RecordOf } from "../core/kernel/records.ts";

export type RegionalRegistry = { readonly region: string; readonly registry: Registry };

export function everywhere(
  home: Registry,
  regional: readonly RegionalRegistry[],
  tellMissing: (region: string, reason: string | null) => void = () => {},
): Registry {
  return {
    name: home.name,
    read: (kind, key) => home.read(kind, key),
    write: (kind, key, value, expected) => home.write(kind, key, value, expected),
    remove: (kind, key) => home.remove(kind, key),
    async list<K extends RecordKind>(kind: K, options: Parameters<Registry["list"]>[1]) {
      if (!RECORDS[kind].transient || regional.length === 0) return await home.list(kind, options);
      const asked = await Promise.allSettled(regional.map(({ registry }) => registry.list(kind, options)));
      const merged = new Map<string, { key: string; value: RecordOf<K>; revision: Revision }>();
      const failures: unknown[] = [];
      for (const [index, outcome] of asked.entries()) {
        const region = regional[index]?.region ?? "";
        if (outcome.status === "fulfilled") for (const cell of outcome.value) merged.set(cell.key, cell);
        else failures.push(outcome.reason);
        tellMissing(region, outcome.status === "fulfilled" ? null : reasonOf(outcome.reason));
      }
      if (failures.length === regional.length) throw failures[0];
      const direction = options.newestFirst === true ? -1 : 1;
      return [...merged.values()].sort((a, b) => (a.key < b.key ? -direction : direction)).slice(0, options.limit);
    },
  };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
