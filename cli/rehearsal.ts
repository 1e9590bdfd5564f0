/**
 * A rehearsal on this machine, if one runs: read from `.rehearsal/state.json`, believed only while the process that wrote it
 * lives. Its control server does the faults; nothing here can reach a real network.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { CommandFailed, EXIT } from "./exit-codes.ts";

const State = z.looseObject({
  supervisor: z.object({ pid: z.int().min(2) }),
  endpoint: z.url(),
  fleetFile: z.string().min(1),
  control: z.object({ url: z.url(), token: z.string().min(1) }),
});

export type Rehearsal = { readonly endpoint: string; readonly fleetFile: string; readonly control: { readonly url: string; readonly token: string } };

/** What the control server says that it can do. */
const FaultList = z.array(
  z.looseObject({
    name: z.string(),
    about: z.string(),
    target: z.enum(["node", "region", "none"]),
    undo: z.string(),
    seconds: z.number().optional(),
  }),
);
export type FaultKind = {
  readonly kind: string;
  readonly about: string;
  readonly target: "node" | "region" | "none";
  readonly undo: string;
  readonly seconds: number | null;
};

/** A refusal is an answer, not an error of HTTP. */
const Refusal = z.looseObject({ kind: z.literal("refused"), reason: z.string() });

/** A heal restarts up to twelve processes, one after the other. */
const CONTROL_MS = 60_000;
const STATE_BYTES_MAX = 1024 * 1024;

/** Null where none runs here. A start that is not ready yet has no endpoint: it counts as none. */
export function findRehearsal(folder: string, alive: (pid: number) => boolean = lives): Rehearsal | null {
  const file = join(folder, "state.json");
  if (!existsSync(file)) return null;
  const text = readFileSync(file, "utf8");
  if (text.length > STATE_BYTES_MAX)
    throw new CommandFailed({
      code: EXIT.failed,
      sentence: `${file} is larger than any start writes it.`,
      next: "Run `npm start`, which clears it up.",
    });
  const parsed = State.safeParse(parseJson(text));
  if (!parsed.success || !alive(parsed.data.supervisor.pid)) return null;
  const { endpoint, fleetFile, control } = parsed.data;
  return { endpoint, fleetFile, control };
}

/** A half-written file cannot be (it is renamed into place); anything else that is not JSON is no rehearsal of ours. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return { unreadable: String(error) };
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    /** EPERM: it lives, and is somebody else's. */
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

export async function listFaults(rehearsal: Rehearsal, signal: AbortSignal): Promise<FaultKind[]> {
  const parsed = FaultList.safeParse(await ask(rehearsal, "GET", "/faults", null, signal));
  if (parsed.success) return parsed.data.map(({ name, about, target, undo, seconds = null }) => ({ kind: name, about, target, undo, seconds }));
  throw new CommandFailed({
    code: EXIT.failed,
    sentence: `the rehearsal's list of faults has a shape that this version does not know: ${parsed.error.message}`,
    next: "Was the rehearsal started by another version? Stop it and run `npm start` again.",
  });
}

/** Resolves when the fault is made; a refusal is thrown with the control server's own reason. */
export async function inject(
  rehearsal: Rehearsal,
  fault: { kind: string; target: string | null; seconds: number | null },
  signal: AbortSignal,
): Promise<unknown> {
  const given = Object.fromEntries(Object.entries(fault).filter(([, value]) => value !== null));
  const answer = await ask(rehearsal, "POST", "/fault", given, signal);
  const refusal = Refusal.safeParse(answer);
  if (!refusal.success) return answer;
  throw new CommandFailed({
    code: EXIT.notFound,
    sentence: `the rehearsal refused it: ${refusal.data.reason}.`,
    next: "`ha fault --list` names the faults and what each takes.",
  });
}

async function ask(rehearsal: Rehearsal, method: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
  const { url, token } = rehearsal.control;
  const request = {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === null ? {} : { "content-type": "application/json" }) },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(CONTROL_MS)]),
  };
  const response = await fetch(new URL(path, url), request).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CommandFailed({
      code: EXIT.unreachable,
      sentence: `the rehearsal's control server at ${url} does not answer: ${cause}`,
      next: "Does `npm start` still run in the other terminal?",
    });
  });
  const text = await response.text();
  if (response.ok) return text === "" ? {} : parseJson(text);
  const code = response.status === 404 ? EXIT.notFound : response.status < 500 ? EXIT.usage : EXIT.failed;
  throw new CommandFailed({
    code,
    sentence: `the rehearsal refused it (${response.status}): ${sayingOf(text)}`,
    next: "`ha fault --list` names the faults and what each takes.",
  });
}

function sayingOf(text: string): string {
  const body = parseJson(text);
  const said =
    typeof body === "object" && body !== null
      ? (Object.entries(body).find(([name]) => ["error", "reason", "message"].includes(name))?.[1] ?? text)
      : text;
  return String(said).slice(0, 500);
}
