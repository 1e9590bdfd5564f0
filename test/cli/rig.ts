/** The command line in memory: its own registry, bus and workflows, a clock that stands, and streams that remember. */
import { readFileSync } from "node:fs";
import { memoryBus } from "../../adapters/bus-memory.ts";
import { parseFleet } from "../../adapters/fleet-yaml.ts";
import { memoryRegistry } from "../../adapters/registry-memory.ts";
import type { Operations } from "../../cli/command.ts";
import type { ExitCode } from "../../cli/exit-codes.ts";
import type { Rehearsal } from "../../cli/rehearsal.ts";
import { runHa } from "../../cli/run.ts";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { FleetId, type IncidentId, incidentId, NodeId, RegionName, RoleName } from "../../core/kernel/ids.ts";
import type { Evidence, Incident, JournalEntry, Vote } from "../../core/kernel/incident.ts";
import type { Lease } from "../../core/kernel/lease.ts";
import type { Registry, Workflows } from "../../core/kernel/ports.ts";
import { type BusEvent, pad } from "../../core/kernel/records.ts";
import { settableClock } from "../support/settable-clock.ts";

export const NOW_MS = Date.UTC(2026, 10, 24, 19, 46, 5, 123);
export const node = (id: string): NodeId => NodeId.parse(id);
export const PRIMARY = RoleName.parse("primary");
export const HOME = RegionName.parse("us-east-1");
export const AWAY = RegionName.parse("us-west-2");

const EXAMPLE = "examples/rehearsal.fleet.yaml";

export function exampleFleet(): Fleet {
  const read = parseFleet(readFileSync(EXAMPLE, "utf8"), EXAMPLE);
  if (read.kind === "invalid") throw new Error(read.faults.join("\n"));
  return read.fleet;
}

export const leaseOf = (fields: Partial<Lease> = {}): Lease => ({
  role: PRIMARY,
  holder: node("n1"),
  epoch: 3,
  renewal: 40,
  leaseMs: 10_000,
  fromSlot: 100,
  throughSlot: 200,
  state: "held",
  boot: null,
  revocation: null,
  registry: "memory",
  takenAtMs: NOW_MS - 240_000,
  ...fields,
});

export const voteOf = (voter: string, down: boolean, kind: Vote["kind"] = voter.startsWith("us-") ? "observer" : "peer"): Vote => ({
  voter,
  kind,
  down,
  reason: down ? `${voter} had its connection refused` : `${voter} had an answer in 3 ms`,
});

export const evidenceOf = (fields: Partial<Evidence> = {}): Evidence => ({
  node: node("n1"),
  verdict: "dead",
  votes: [voteOf("us-east-1", true), voteOf("us-west-2", false), voteOf("n2", true), voteOf("n3", true)],
  needed: 3,
  eligible: 5,
  reason: "connection refused twice",
  suspectedAtMs: NOW_MS - 4_000,
  condemnedAtMs: NOW_MS - 3_100,
  ...fields,
});

export const TOKEN = "the-approval-token-that-nobody-reads";

export const incidentOf = (fields: Partial<Incident> = {}): Incident => ({
  id: incidentId("primary", NOW_MS - 3_000),
  fleet: FleetId.parse("rehearsal"),
  role: PRIMARY,
  kind: "failover",
  status: "resolved",
  mode: "auto",
  reason: "n1 is dead",
  requestedBy: "watchers",
  openedAtMs: NOW_MS - 3_000,
  endedAtMs: NOW_MS - 500,
  from: node("n1"),
  to: node("n2"),
  burned: [],
  outcome: { holder: node("n2"), epoch: 4, firstSlot: 205, missedSlots: 2 },
  evidence: evidenceOf(),
  owner: "arn:aws:states:us-east-1:000000000000:execution:synnergy-rehearsal-failover:x",
  ownerDeadlineMs: NOW_MS + 60_000,
  approval: null,
  ...fields,
});

export const lineOf = (incident: IncidentId, atMs: number, step: string, text: string, kind = "done"): JournalEntry => ({
  incident,
  atMs,
  step,
  kind,
  text,
  tookMs: 120,
  facts: {},
});

export const eventOf = (id: string, atMs: number, name = "failover.shard-taken", detail: Record<string, unknown> = {}): BusEvent => ({
  id,
  atMs,
  name,
  region: HOME,
  detail,
});

export const eventKey = ({ atMs, id }: BusEvent): string => `${pad(atMs)}-${id}`;

export async function writeIncident(registry: Registry, incident: Incident, lines: readonly JournalEntry[] = []): Promise<void> {
  await registry.write("incident", incident.id, incident, "any");
  for (const line of lines) await registry.write("journal", `${incident.id}/${pad(line.atMs)}-${line.step}-${line.kind}`, line, "any");
}

export type Started = { readonly name: string; readonly input: Record<string, unknown> };
export type Decided = { readonly taskToken: string; readonly approved: boolean; readonly by: string };

export function openRig(
  options: { fleet?: Fleet | null; rehearsal?: Rehearsal | null; decision?: "decided" | "gone"; onStart?: (started: Started) => Promise<void> } = {},
) {
  const clock = settableClock(NOW_MS);
  const registry = memoryRegistry({ fleet: "rehearsal", clock });
  const bus = memoryBus({ fleet: "rehearsal", clock });
  const started: Started[] = [];
  const decided: Decided[] = [];
  const workflows: Workflows = {
    async decide({ taskToken }, { approved, by }) {
      decided.push({ taskToken, approved, by });
      return options.decision ?? "decided";
    },
    async start(name, input) {
      started.push({ name, input });
      await options.onStart?.({ name, input });
      return { execution: `execution:${name}` };
    },
  };
  const operations: Operations = {
    fleetName: "rehearsal",
    fleet: options.fleet === undefined ? exampleFleet() : options.fleet,
    region: HOME,
    registry,
    workflows: { ...workflows, startNamed: async (_which, name, input) => await workflows.start(name, input) },
    bus,
    nodes: null,
    clock,
    entropy: { bytes: (count) => new Uint8Array(count).map((_, index) => index + 1) },
    rehearsal: options.rehearsal ?? null,
    requestedBy: "anna",
    missingRegions: new Map(),
    close: () => {},
  };
  const ha = async (...args: string[]): Promise<{ code: ExitCode; out: string; err: string }> => {
    const written = { out: "", err: "" };
    const stream = (name: "out" | "err") => ({
      columns: 120,
      write: (text: string) => {
        written[name] += text;
      },
    });
    const terminal = { out: stream("out"), err: stream("err"), colours: false, signal: new AbortController().signal };
    const code = await runHa(args, () => operations, terminal);
    return { code, ...written };
  };
  return { ha, operations, registry, bus, clock, started, decided };
}
