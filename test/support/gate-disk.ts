/** A disk on which one agent's boots follow each other, with a clock that the test sets: the gate without its sockets. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { durableFile } from "../../adapters/durable-file.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import { newSigningKey, seedOf } from "../../adapters/signature-ed25519.ts";
import { type Gate, openGate } from "../../agent/gate.ts";
import { AgentState, openStore } from "../../agent/store.ts";
import { FleetId, NodeId } from "../../core/kernel/ids.ts";
import { LEASE_MS, ROLE } from "./agent-rig.ts";
import { settableClock } from "./settable-clock.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-gate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let disks = 0;

/** A disk, and boots upon it. A boot that is simply left behind was killed. */
export function disk() {
  disks += 1;
  const home = join(folder, String(disks));
  const keyFile = join(folder, `${disks}.key`);
  writeFileSync(`${keyFile}.unused`, "");
  const privateKey = newSigningKey();
  const clock = settableClock(0);
  let boots = 0;
  const boot = (failing = false) => {
    boots += 1;
    const opened = openStore({
      folder: home,
      keyFile,
      fleet: FleetId.parse("testnet"),
      node: NodeId.parse("n1"),
      bootId: `boot-${disks}-${boots}`,
      privateKey,
      initialize: null,
    });
    if (opened.kind === "damaged") throw new Error(opened.reason);
    const file = failing ? { ...opened.file, save: () => ({ kind: "damaged", reason: "the disk is full" }) as const } : opened.file;
    return { gate: openGate({ ...opened, file, roles: [ROLE], privateKey, clock, entropy: systemEntropy() }), closed: opened.closed };
  };
  const reader = () => durableFile({ path: join(home, "agent-state.json"), shape: AgentState, secret: seedOf(privateKey) });
  /** What a reader finds on the disk at this instant. */
  const onDisk = (): AgentState => {
    const loaded = reader().load();
    if (loaded.kind !== "loaded") throw new Error(`the store is ${loaded.kind}`);
    return loaded.value;
  };
  const put = (state: AgentState): void => {
    const file = reader();
    file.load();
    file.save(state);
  };
  return { boot, clock, onDisk, put };
}

export const grantOf = (epoch: number, fromSlot = 0, throughSlot = 100) => ({ role: ROLE, epoch, leaseMs: LEASE_MS, fromSlot, throughSlot });
export const granted = (gate: Gate, epoch: number, fromSlot = 0, throughSlot = 100) =>
  gate.grant(grantOf(epoch, fromSlot, throughSlot), gate.issueNonce());
