/**
 * Starts the failover workflow for a person and, unless told not to, stays until the incident that came of it is over: each
 * line of its journal as it is written. The execution's name says who asked and when, so the console shows it, too.
 */
import { type Incident, isOpen } from "../core/kernel/incident.ts";
import type { Registry } from "../core/kernel/ports.ts";
import { type Answer, type Io, numberOption, type Operations, type Options, textOption } from "./command.ts";
import { readStory } from "./commands/incident.ts";
import { CommandFailed, EXIT, type ExitCode } from "./exit-codes.ts";
import { LIST_MAX, requireMember, requireRole } from "./names.ts";
import { narrativeData, renderNarrative } from "./render/narrative.ts";
import { faultBeganAtMs } from "./render/narrative-steps.ts";
import { offset } from "./render/time.ts";

const POLL_MS = 1_000;
/** A lease of five minutes waited out, the longest hooks, and a successor that has to be replaced. */
export const WAIT_SECONDS = 900;
/** From the start of an execution to the incident in the registry: two cold starts are seconds. */
const OPENING_MS = 30_000;

export async function startMove(kind: "failover" | "switchover", options: Options, operations: Operations, io: Io): Promise<Answer> {
  const role = await requireRole(operations, textOption(options, "role") ?? "");
  const typed = textOption(options, "to");
  const to = typed === undefined ? null : await requireMember(operations, role, typed);
  const { requestedBy, clock, workflows, fleetName } = operations;
  const reason = textOption(options, "reason") ?? `${requestedBy} asked for a ${kind}`;
  const name = `ha-${role}-${clock.wallMs()}-${Buffer.from(operations.entropy.bytes(4)).toString("hex")}`;
  const input = { fleet: fleetName, role, kind, reason, requestedBy, ...(to === null ? {} : { to }) };
  const { execution } = await workflows.start(name, input);
  if (options.wait === false) {
    return {
      data: { schema: 1, started: input, execution },
      text: `The ${kind} of ${role} has started. \`ha incident ${role}\` shows how far it is.`,
    };
  }
  if (!io.json) io.out.write(`The ${kind} of ${role} has started; Ctrl-C stops the watching, not the ${kind}.\n`);
  return await watchMove({ role, execution, timeoutMs: (numberOption(options, "timeout") ?? WAIT_SECONDS) * 1_000 }, operations, io);
}

type Move = { role: string; execution: string; timeoutMs: number };

async function watchMove({ role, execution, timeoutMs }: Move, { registry, clock }: Operations, io: Io): Promise<Answer> {
  const startMs = clock.monotonicMs();
  const shown = new Set<string>();
  for (;;) {
    const incident = await incidentOf(registry, role, execution);
    const waitedMs = clock.monotonicMs() - startMs;
    if (incident.kind === "other" && waitedMs > POLL_MS * 5) throw busy(role, incident.id);
    if (incident.kind === "none" && waitedMs > OPENING_MS) throw silent(role, execution);
    if (incident.kind === "ours") {
      await showNewLines(registry, incident.incident, shown, io);
      const { status } = incident.incident;
      const waits = status === "awaiting-approval";
      if (!isOpen(status) || waits || waitedMs > timeoutMs || io.signal.aborted) {
        const story = await readStory(registry, incident.incident, clock.wallMs());
        return { data: narrativeData(story), text: `\n${renderNarrative(io.paint, story)}`, exit: waits ? EXIT.refused : exitOf(status) };
      }
    }
    if (waitedMs > timeoutMs || io.signal.aborted)
      throw new CommandFailed({
        code: EXIT.unfinished,
        sentence: `no incident was opened for ${role} yet.`,
        next: `\`ha incident ${role}\` looks again; ${execution} is the execution.`,
      });
    await clock.sleep(POLL_MS, io.signal);
  }
}

type Found = { kind: "ours"; incident: Incident } | { kind: "other"; id: string } | { kind: "none" };

async function incidentOf(registry: Registry, role: string, execution: string): Promise<Found> {
  const cell = await registry.read("roleIncident", role);
  if (cell.kind === "absent") return { kind: "none" };
  for (const id of [cell.value.open, cell.value.last?.id ?? null]) {
    const found = id === null ? null : await registry.read("incident", id);
    if (found?.kind === "found" && found.value.owner === execution) return { kind: "ours", incident: found.value };
  }
  return cell.value.open === null ? { kind: "none" } : { kind: "other", id: cell.value.open };
}

async function showNewLines(registry: Registry, incident: Incident, shown: Set<string>, io: Io): Promise<void> {
  const lines = await registry.list("journal", { prefix: `${incident.id}/`, limit: LIST_MAX });
  const fresh = lines.filter(({ key }) => !shown.has(key));
  for (const { key } of fresh) shown.add(key);
  const began = faultBeganAtMs(incident);
  if (!io.json)
    for (const { value } of fresh) io.out.write(`${offset(value.atMs - began).padStart(9)}  ${io.paint.cyan(value.step)}  ${value.text}\n`);
}

function exitOf(status: Incident["status"]): ExitCode {
  if (status === "resolved") return EXIT.ok;
  if (isOpen(status)) return EXIT.unfinished;
  return status === "escalated" ? EXIT.failed : EXIT.refused;
}

const busy = (role: string, id: string): CommandFailed =>
  new CommandFailed({
    code: EXIT.refused,
    sentence: `another incident of ${role} is open: ${id}; a role has one at a time.`,
    next: `\`ha incident ${id}\` shows how far it is; start again when it is over.`,
  });

const silent = (role: string, execution: string): CommandFailed =>
  new CommandFailed({
    code: EXIT.failed,
    sentence: `the workflow started and opened no incident for ${role}.`,
    next: `Read the execution in the Step Functions console: ${execution}.`,
  });
