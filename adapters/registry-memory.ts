/**
 * A registry in memory. It passes the same contract suite as DynamoDB, so a test that runs on it says something about the
 * real one. Values are kept as text: nobody holds a reference into the store. Two registries given the same `cells` are
 * two processes (or Regions) at one table.
 */
import { RegistryCorrupt } from "../core/kernel/errors.ts";
import type { Clock, Registry } from "../core/kernel/ports.ts";
import type { RecordKind, RecordOf } from "../core/kernel/records.ts";
import { systemClock } from "./clock-system.ts";
import { checkKey, checkLimit, decodeBody, encodeBody, expiresAtS, listBounds, partitionOf } from "./registry-cells.ts";

type MemoryCell = { text: string; revision: number; expiresAtS: number | null };
export type MemoryCells = Map<string, Map<string, MemoryCell>>;

/** Process-wide, so that no revision is ever given twice, whatever was removed in between. */
let lastRevision = 0;

export function memoryRegistry(options: {
  fleet: string;
  name?: string;
  clock?: Clock;
  cells?: MemoryCells;
}): Registry & { readonly cells: MemoryCells } {
  const { fleet, name = "memory", clock = systemClock(), cells = new Map() } = options;

  const partition = (kind: RecordKind): Map<string, MemoryCell> => {
    const id = partitionOf(fleet, kind);
    const found = cells.get(id) ?? new Map<string, MemoryCell>();
    cells.set(id, found);
    return found;
  };
  const live = (cell: MemoryCell | undefined): cell is MemoryCell =>
    cell !== undefined && (cell.expiresAtS === null || cell.expiresAtS > Math.floor(clock.wallMs() / 1_000));

  return {
    name,
    cells,
    async read(kind, key) {
      checkKey(kind, key);
      const cell = partition(kind).get(key);
      return live(cell) ? { kind: "found", value: open(kind, key, cell), revision: cell.revision } : { kind: "absent" };
    },
    async write(kind, key, value, expected) {
      checkKey(kind, key);
      const { text } = encodeBody(kind, key, value);
      const cell = partition(kind).get(key);
      const holds = expected === "any" || (expected === "absent" ? !live(cell) : live(cell) && cell.revision === expected);
      if (!holds) return { kind: "conflict" };
      lastRevision += 1;
      partition(kind).set(key, { text, revision: lastRevision, expiresAtS: expiresAtS(kind, clock.wallMs()) });
      return { kind: "written", revision: lastRevision };
    },
    async list(kind, { limit, ...range }) {
      checkLimit(limit);
      const bounds = listBounds(range);
      if (bounds === null) return [];
      const keys = [...partition(kind).keys()].filter((key) => key >= bounds.low && key <= bounds.high && key !== range.after).sort();
      const listed = [];
      for (const key of range.newestFirst ? keys.reverse() : keys) {
        const cell = partition(kind).get(key);
        if (live(cell)) listed.push({ key, value: open(kind, key, cell), revision: cell.revision });
        if (listed.length === limit) break;
      }
      return listed;
    },
    async remove(kind, key) {
      checkKey(kind, key);
      partition(kind).delete(key);
    },
  };
}

function open<K extends RecordKind>(kind: K, key: string, cell: MemoryCell): RecordOf<K> {
  return decodeBody(kind, key, textToBody(kind, key, cell.text));
}

function textToBody(kind: RecordKind, key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RegistryCorrupt({ kind, key, faults: [`not JSON: ${String(error)}`] });
  }
}
