/** The hands that a stage has for stories of backups, and the audit of the vault after each story. */
import { randomInt } from "node:crypto";
import { updateRecord } from "../../core/kernel/compare-and-set.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import { auditBackups, type BackupViolation, type SeenVault } from "../auditor/backup-laws.ts";
import { seeVault } from "../auditor/see-vault.ts";
import { ACCOUNT } from "../deploy/cdk.ts";
import { jsonRpc, READ_MS_MAX } from "../network/json-rpc.ts";
import type { Rehearsal } from "../rehearsal/open-rehearsal.ts";
import { bucketsOf } from "./backup-stage.ts";
import { failuresOf, stopExecution } from "./interventions.ts";
import type { Stage } from "./story.ts";

/** Some thirty a second: more than the network's blocks need to be full of something. */
const SEND_EVERY_MS = 30;

type Hands = Pick<
  Stage,
  "rehearsal" | "seeVault" | "source" | "stopBackup" | "failuresOfBackup" | "replaceBackup" | "sendTransactions" | "processes"
>;

const executionOf = ({ fleet }: Rehearsal, run: string): string =>
  `arn:aws:states:${fleet.vault?.home ?? fleet.regions.home}:${ACCOUNT}:execution:${resourceNames(fleet.fleet).backupMachine}:${run}`;

export function backupHands(rehearsal: Rehearsal): Hands {
  const { registry, emulator, network } = rehearsal;
  const source = async (name: string) => {
    const found = await registry.read("backupSource", name);
    return found.kind === "found" ? found.value : null;
  };
  return {
    rehearsal,
    seeVault: () => seeVault(emulator.endpoint, bucketsOf(rehearsal)),
    source,
    async stopBackup(name) {
      const run = (await source(name))?.running?.run;
      if (run === undefined) return;
      await stopExecution(rehearsal, executionOf(rehearsal, run));
    },
    failuresOfBackup: (run) => failuresOf(rehearsal, executionOf(rehearsal, run)),
    async replaceBackup(name) {
      await updateRecord(registry, "backupSource", name, (cell) =>
        cell?.running == null ? { kind: "keep" } : { kind: "write", next: { ...cell, running: null } },
      );
    },
    sendTransactions() {
      const rpc = jsonRpc(network.nodes[0]?.rpcPort ?? 0);
      let sent = 0;
      let isOver = false;
      const sending = (async () => {
        const [from] = (await rpc.call("eth_accounts", [], READ_MS_MAX)) as string[];
        while (!isOver) {
          const to = `0x${randomInt(2 ** 40)
            .toString(16)
            .padStart(40, "0")}`;
          await rpc.call("eth_sendTransaction", [{ from, to, value: "0x1" }], READ_MS_MAX).then(
            () => (sent += 1),
            () => undefined,
          );
          await new Promise((done) => setTimeout(done, SEND_EVERY_MS));
        }
      })();
      sending.catch(() => undefined);
      return async () => {
        isOver = true;
        await sending;
        rpc.close();
        return sent;
      };
    },
    processes: async () =>
      network
        .snapshot()
        .processes.filter(({ state }) => state !== "dead")
        .map(({ name }) => name),
  };
}

/** Held against the network as the first node has it now. */
export async function auditVault(rehearsal: Rehearsal, before: SeenVault): Promise<BackupViolation[]> {
  const after = await seeVault(rehearsal.emulator.endpoint, bucketsOf(rehearsal));
  const heights = new Set(after.manifests.flatMap(({ point }) => (point === null ? [] : [point.height])));
  const rpc = jsonRpc(rehearsal.network.nodes[0]?.rpcPort ?? 0);
  const hashAt = new Map<number, string>();
  try {
    for (const height of heights) {
      const block = (await rpc.call("eth_getBlockByNumber", [`0x${height.toString(16)}`, false], READ_MS_MAX)) as { hash: string } | null;
      if (block !== null) hashAt.set(height, block.hash);
    }
  } finally {
    rpc.close();
  }
  return auditBackups(before, after, hashAt);
}
