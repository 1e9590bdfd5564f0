/**
 * What an earlier start left behind. A start whose supervisor lives is left alone and named. One that crashed, warden and
 * all, may have left processes: those that are provably the same (number and start time) are ended, with their groups.
 */
import { isAbsolute, resolve } from "node:path";
import { endGroups } from "./process-group.ts";
import { stillLiving } from "./process-identity.ts";
import { readState, removeState, stateFile } from "./state-file.ts";

export type EarlierStart =
  | { readonly kind: "none" }
  | { readonly kind: "running"; readonly pid: number }
  /** `ended` names what still lived and was ended; empty when the warden had seen to everything. */
  | { readonly kind: "cleared"; readonly ended: readonly string[] };

/** Makes `folder` free for a new start, unless one is running there. Throws when a process cannot be ended. */
export async function clearEarlierStart(folder: string): Promise<EarlierStart> {
  const path = isAbsolute(folder) ? folder : resolve(folder);
  const reading = readState(path);
  if (reading.kind === "absent") return { kind: "none" };
  if (reading.kind === "unreadable") {
    // It names no process that could be trusted, so there is nothing to end and nothing to keep.
    removeState(path);
    return { kind: "cleared", ended: [] };
  }
  const { supervisor, warden, processes } = reading.state;
  if ((await stillLiving([supervisor])).length > 0) return { kind: "running", pid: supervisor.pid };
  const left = await stillLiving([{ ...warden, name: "warden" }, ...processes]);
  const outcome = await endGroups(left.map((each) => each.pid));
  if (outcome.kind === "stuck") {
    throw new Error(
      `an earlier start left processes that do not end, even by SIGKILL: ${outcome.leaders.join(", ")}; ${stateFile(path)} names them.`,
    );
  }
  removeState(path);
  return { kind: "cleared", ended: left.map((each) => each.name) };
}
