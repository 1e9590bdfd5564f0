/**
 * `.rehearsal/state.json`: what a running start tells other terminals (endpoint, fleet file, control address and token) and
 * what the next start needs to clear up after a crash (which processes were ours). Readable by its owner only. Written to a
 * neighbour and renamed, so a reader sees the old or the new one, whole. It goes when the start that made it ends.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { ProcessIdentity } from "./process-identity.ts";
import { ProcessName } from "./protocol.ts";

export const State = z.looseObject({
  format: z.literal(1),
  supervisor: ProcessIdentity,
  warden: ProcessIdentity,
  processes: z.array(ProcessIdentity.extend({ name: ProcessName })).max(1_000),
});
export type State = z.infer<typeof State>;

export type StateReading =
  | { readonly kind: "found"; readonly state: State }
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly reason: string };

const OWNER_ONLY = 0o600;

export const stateFile = (folder: string): string => join(folder, "state.json");

export function readState(folder: string): StateReading {
  let text: string;
  try {
    text = readFileSync(stateFile(folder), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { kind: "absent" };
    throw error;
  }
  try {
    const parsed = State.safeParse(JSON.parse(text));
    return parsed.success ? { kind: "found", state: parsed.data } : { kind: "unreadable", reason: parsed.error.message };
  } catch (error) {
    return { kind: "unreadable", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** The first write claims the folder: of two starts at once, one is told `taken`. */
export function claimState(folder: string, state: State): "claimed" | "taken" {
  try {
    writeFileSync(stateFile(folder), JSON.stringify(state, null, 2), { flag: "wx", mode: OWNER_ONLY });
    return "claimed";
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return "taken";
    throw error;
  }
}

export function writeState(folder: string, state: State): void {
  const next = `${stateFile(folder)}.next`;
  writeFileSync(next, JSON.stringify(state, null, 2), { mode: OWNER_ONLY });
  renameSync(next, stateFile(folder));
}

export function removeState(folder: string): void {
  rmSync(stateFile(folder), { force: true });
}
