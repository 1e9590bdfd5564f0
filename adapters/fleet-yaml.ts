/**
 * Reads a fleet file. What comes back is a fleet in which everything holds that DESIGN asks of one, or every fault in it, each
 * in one line with its place: `file:line:column path: found X; allowed Y`. Nothing a file contains makes it throw.
 */
import { readFileSync, statSync } from "node:fs";
import { type Document, isAlias, isMap, isSeq, LineCounter, type Node, parseAllDocuments } from "yaml";
import { strongConsistencyFaults } from "../core/failover/stateful-failover/registry-regions.ts";
import { Fleet } from "../core/kernel/fleet.ts";
import { fleetFaults } from "../core/kernel/fleet-rules.ts";
import { fleetWarnings } from "../core/kernel/fleet-warnings.ts";
import { type FieldFault, fieldFaults } from "./fleet-faults.ts";

export type FleetRead = { readonly kind: "read"; readonly fleet: Fleet; readonly warnings: readonly string[] };
export type FleetInvalid = { readonly kind: "invalid"; readonly faults: readonly string[] };

/** 500 nodes take some 300 KB. */
const FILE_BYTES_MAX = 1_024 * 1_024;
/** Anchors for what nodes have in common are fine; aliases that multiply aliases are an attack on memory. */
const ALIASES_MAX = 200;
/** Past this, what is wrong is the file and not its fields. */
const FAULTS_MAX = 50;

/** Reads and parses the file at `path`; a file that cannot be read is a fault, too. */
export function readFleet(path: string): FleetRead | FleetInvalid {
  try {
    const { size } = statSync(path);
    if (size > FILE_BYTES_MAX) return invalid([`${path}:1:1 file: found ${size} bytes; allowed at most ${FILE_BYTES_MAX}`]);
    return parseFleet(new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)), path);
  } catch (error) {
    return invalid([`${path}:1:1 file: found ${error instanceof Error ? error.message : String(error)}; allowed a readable file in UTF-8`]);
  }
}

export function parseFleet(text: string, file: string): FleetRead | FleetInvalid {
  if (Buffer.byteLength(text) > FILE_BYTES_MAX) return invalid([`${file}:1:1 file: found more than ${FILE_BYTES_MAX} bytes; allowed at most that`]);
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const [document, second] = Array.isArray(documents) ? documents : [];
  if (document === undefined || document.contents === null)
    return invalid([`${file}:1:1 file: found no content; allowed one YAML document that describes a fleet`]);
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const errors = document.errors.map((error) => `${place(error.pos[0])} YAML: found ${firstLine(error.message)}; allowed well-formed YAML 1.2`);
  if (second !== undefined) errors.push(`${place(second.range[0])} file: found a second document; allowed one fleet a file`);
  if (errors.length > 0) return invalid(errors);

  const plain = toPlain(document);
  if (plain.kind === "invalid")
    return invalid([`${file}:1:1 YAML: found ${plain.reason}; allowed at most ${ALIASES_MAX} aliases, each to an anchor above it`]);
  const tell = ({ path, found, allowed, key }: Omit<FieldFault, "path"> & { path: readonly (string | number)[] }): string =>
    `${place(offsetOf(document, path, key === true))} ${path.join(".") || "fleet file"}: found ${found}; allowed ${allowed}`;

  const parsed = Fleet.safeParse(plain.value, { reportInput: true });
  if (!parsed.success) return invalid(fieldFaults(parsed.error.issues, plain.value, Fleet).map(tell));
  const fleet = parsed.data;
  const ruled = fleetFaults(fleet);
  /** What DynamoDB says of Regions that are already wrong would tell the same fault twice. */
  const faults = ruled.some((fault) => fault.path[0] === "regions") ? ruled : [...ruled, ...registryFaults(fleet)];
  if (faults.length > 0) return invalid(faults.map(tell));
  const warnings = [
    ...document.warnings.map((warning) => `${place(warning.pos[0])} YAML: ${firstLine(warning.message)}`),
    ...fleetWarnings(fleet).map(tell),
  ];
  return { kind: "read", fleet, warnings };
}

/** A rehearsal keeps to the same Regions as the real thing: what is rehearsed must be what can be deployed. */
function registryFaults({ regions: { observers, witness } }: Fleet): FieldFault[] {
  const replicas = witness === undefined ? observers : [...observers, witness];
  return strongConsistencyFaults(replicas).map((fault) => ({ path: ["regions"], found: replicas.join(", "), allowed: fault }));
}

function invalid(found: readonly string[]): FleetInvalid {
  const faults = found.map(oneLine);
  const more = faults.length - FAULTS_MAX;
  return {
    kind: "invalid",
    faults: more > 0 ? [...faults.slice(0, FAULTS_MAX), `${faults[0]?.split(" ")[0]} file: found ${more} more faults; allowed none`] : faults,
  };
}

function toPlain(document: Document): { kind: "plain"; value: unknown } | { kind: "invalid"; reason: string } {
  try {
    return { kind: "plain", value: document.toJS({ maxAliasCount: ALIASES_MAX }) };
  } catch (error) {
    return { kind: "invalid", reason: firstLine(error instanceof Error ? error.message : String(error)) };
  }
}

/** What a file contains must not break the line that tells of it, nor speak to the terminal. */
const oneLine = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);

const firstLine = (text: string): string => text.split("\n")[0] ?? text;

/** Where the path's value stands, or as far as the document goes along it: what is missing is missing in its parent. */
function offsetOf(document: Document, path: readonly (string | number)[], wantsKey: boolean): number {
  let node = resolve(document.contents, document);
  let offset = node?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    const last = index === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((each) => keyText(each.key) === String(step));
      if (pair === undefined) return offset;
      const key = pair.key as Node | null;
      const value = pair.value as Node | null;
      offset = (last && wantsKey ? key?.range?.[0] : (value?.range?.[0] ?? key?.range?.[0])) ?? offset;
      node = resolve(value, document);
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined;
      offset = item?.range?.[0] ?? offset;
      node = resolve(item ?? null, document);
    } else return offset;
  }
  return offset;
}

function keyText(key: unknown): string {
  const value = typeof key === "object" && key !== null && "value" in key ? key.value : key;
  return String(value);
}

function resolve(node: unknown, document: Document): Node | null {
  return (isAlias(node) ? node.resolve(document) : (node as Node | null)) ?? null;
}
