/**
 * The one vault job that this agent works on at a time, and what the control plane is told of it. Access to the vault comes sealed to a
 * key of this boot, since commands may cross a network in clear.
 */
import { newBoxKey, openBox } from "../../adapters/sealed-box.ts";
import { seedOf } from "../../adapters/signature-ed25519.ts";
import { ACCESS_CONTEXT, type JobId, type JobView, type JobWork, type SealedAccess, VaultAccess } from "../../core/kernel/vault-job.ts";
import type { Agent } from "../agent.ts";
import { NOTHING, RunningJob } from "./running-job.ts";
import { holdsRole, standstillOf } from "./standstill.ts";

export type JobStart = { readonly kind: "accepted" } | { readonly kind: "refused"; readonly reason: string };
export type VaultJobs = ReturnType<typeof vaultJobs>;

export function vaultJobs({ config, privateKey, gate, log }: Pick<Agent, "config" | "privateKey" | "gate" | "log">) {
  const { fleet, node, rpc, store, vault } = config;
  const boxKey = newBoxKey();
  const directory = vault?.directory;
  const standstill = directory === undefined ? null : standstillOf({ fleet, node, store, gate, log }, directory);
  let current: RunningJob | null = null;
  let isFree = true;

  function accessFrom(sealed: SealedAccess): VaultAccess | null {
    const opened = openBox(boxKey, sealed, ACCESS_CONTEXT);
    return opened === null ? null : (VaultAccess.safeParse(parse(opened)).data ?? null);
  }

  function mustEnd(): string | null {
    const role = directory?.standstill.kind === "stop" ? holdsRole(gate) : null;
    return role === null ? null : `${role} has come to this node, which is stopped for a backup`;
  }

  function missing(work: JobWork): string | null {
    if (work.kind === "backup" && directory === undefined) return "vault.directory is not in this agent's configuration: nothing here is backed up";
    if (work.kind === "restore" && vault?.scratch === undefined)
      return "vault.scratch is not in this agent's configuration: nothing is restored here";
    return null;
  }

  function begin(job: JobId, work: JobWork, access: VaultAccess): void {
    const hold = work.kind === "backup" && standstill !== null ? { ...standstill, mustEnd } : null;
    isFree = false;
    const started = new RunningJob({ fleet, node, rpc, vault: vault ?? {}, seed: seedOf(privateKey), job, work, access }, hold, log);
    current = started;
    void started.settled.then(() => {
      isFree = true;
    });
  }

  return {
    view(): JobView {
      const { state, doing, files, bytes, result, fault } = current?.told ?? NOTHING;
      return { job: current?.id ?? null, state, doing, files, bytes, result, fault, boxKey: boxKey.publicKey };
    },

    /** Starts it, or renews the access of the one under way; one that is done stays done. */
    start(job: JobId, work: JobWork, sealed: SealedAccess): JobStart {
      const access = accessFrom(sealed);
      if (access === null) return { kind: "refused", reason: "the access was sealed to another key than this boot's" };
      const foreign = vault?.account === undefined ? undefined : access.places.find(({ bucket }) => !bucket.includes(`-vault-${vault.account}-`));
      if (foreign !== undefined) return { kind: "refused", reason: `${foreign.bucket} is not of the account that this agent's configuration names` };
      const lacking = missing(work);
      if (lacking !== null) return { kind: "refused", reason: lacking };
      if (current?.id === job && current.told.state === "done") return { kind: "accepted" };
      if (isFree) begin(job, work, access);
      else if (current?.id === job && current.told.state === "running") current.renew(access);
      else return { kind: "refused", reason: `${current?.id} is under way` };
      return { kind: "accepted" };
    },

    cancel(job: JobId): void {
      if (current?.id === job) current.cancel("as commanded");
    },

    /** As `cancel`, and resolves when nothing of it is under way any more. */
    async cancelled(job: JobId): Promise<void> {
      if (current?.id !== job) return;
      current.cancel("what it does is taken down");
      await current.settled;
    },

    letGoOfEarlier: async (): Promise<void> => await standstill?.letGoOfEarlier(),

    /** Ends what is under way; what it has stored is found by the next run. */
    async close(): Promise<void> {
      current?.end({ state: "cancelled" });
      await current?.settled;
    },
  };
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return null;
  }
}
