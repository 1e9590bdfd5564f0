/**
 * Makes the node's directory stand still while it is read, and lets it go on afterwards, whatever happened in between. That something
 * is held is written down before it is: an agent that starts again and finds the note lets go first. A node that holds a role is
 * never stopped for a backup, and one that is stopped is let go as soon as a role comes to it.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../../core/kernel/ports.ts";
import type { Gate } from "../gate.ts";
import { hookEnvironment, runCommand } from "../hooks.ts";
import type { JobFault } from "./job-messages.ts";
import type { Standstill } from "./vault-config.ts";

const NOTE = "standing-still";

type Given = {
  readonly fleet: string;
  readonly node: string;
  /** The agent's store. */
  readonly store: string;
  readonly gate: Pick<Gate, "view">;
  readonly log: Log;
};
export type Directory = { readonly path: string; readonly standstill: Standstill };

export const holdsRole = (gate: Pick<Gate, "view">): string | null => gate.view().find(({ grant }) => grant !== null)?.role ?? null;

export function standstillOf({ fleet, node, store, gate, log }: Given, directory: Directory) {
  const { standstill, path } = directory;
  const note = join(store, NOTE);
  const [begin, end] = standstill.kind === "stop" ? [standstill.stop, standstill.start] : [standstill.before, standstill.after];
  const environment = (name: string) => ({ ...hookEnvironment(name, { fleet, node }), SYNNERGY_DIRECTORY: path });

  async function letGo(): Promise<JobFault | null> {
    const ran = end === undefined ? null : await runCommand(end, environment(standstill.kind === "stop" ? "start" : "after"));
    if (ran?.kind === "failed") {
      log.warn("the node's directory could not be let go; it is tried again at the agent's next start", { reason: ran.reason });
      return { name: "HookFailed", sentence: `the hook that ends the standstill ${ran.reason}`, transient: true };
    }
    rmSync(note, { force: true });
    return null;
  }

  return {
    async hold(): Promise<JobFault | null> {
      const role = standstill.kind === "stop" ? holdsRole(gate) : null;
      if (role !== null) return { name: "RoleHeld", sentence: `this node holds ${role}: a holder is never stopped for a backup`, transient: true };
      writeFileSync(note, standstill.kind, { flush: true });
      const ran = await runCommand(begin, environment(standstill.kind === "stop" ? "stop" : "before"));
      if (ran.kind === "done") return null;
      await letGo();
      return { name: "HookFailed", sentence: `the hook that makes the directory stand still ${ran.reason}`, transient: true };
    },
    letGo,
    /** After a start: what an earlier boot held. */
    async letGoOfEarlier(): Promise<void> {
      try {
        readFileSync(note);
      } catch {
        return;
      }
      log.decision({ module: "agent", subject: node, kind: "standstill-ended", reason: "an earlier boot ended while the directory stood still" });
      await letGo();
    },
  };
}
