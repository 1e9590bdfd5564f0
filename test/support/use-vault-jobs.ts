/**
 * Agents with vault jobs over one emulator and one node for a test file: `const jobs = useVaultJobs()` at its top. Each test has a bucket,
 * a keyring and a door of its own before them, and an agent that ends with it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { OpenVault } from "../../adapters/vault/keyrings.ts";
import { s3Vault } from "../../adapters/vault-s3.ts";
import { PublicKey } from "../../core/kernel/ids.ts";
import type { JobWork, VaultPlace } from "../../core/kernel/vault-job.ts";
import { useEmulator } from "./emulator.ts";
import { type LedgerNode, startLedgerNode } from "./ledger-node.ts";
import { noise } from "./noise.ts";
import { holdingDoor, jobsOf, jobsRig, makeKeyring, newPipe, newPlace, writingHook } from "./vault-jobs-rig.ts";

const MIB = 1024 * 1024;
export const SOURCE = "n1.directory";

type Started = Awaited<ReturnType<typeof startAgent>>;

/** With `pipe` its directory does not stand still before something is written there. */
async function startAgent(
  rpc: string,
  place: VaultPlace,
  emulator: string,
  { kind = "hook", pipe = false }: { kind?: "hook" | "stop"; pipe?: boolean },
) {
  const rig = await jobsRig(rpc, ({ folder, directory, scratch, hooks }) => {
    const begin = writingHook(hooks, pipe ? { pipe: newPipe(join(folder, "pipe")) } : {});
    const end = writingHook(hooks);
    return {
      directory: { path: directory, standstill: kind === "stop" ? { kind, stop: begin, start: end } : { kind, before: begin, after: end } },
      scratch: { folder: scratch, rpc, boot: writingHook(join(folder, "booted")), end: writingHook(join(folder, "ended")) },
    };
  });
  await rig.start();
  const store = s3Vault({ bucket: place.bucket, region: place.region, endpoint: emulator });
  return {
    ...rig,
    jobs: jobsOf(rig, place),
    bucket: store,
    restoreWork: (sequence: number): JobWork => ({ kind: "restore", source: SOURCE, sequence, signers: [PublicKey.parse(rig.agentKey)] }),
    /** Forty are more than a pack, so that something is stored while the directory is still read. */
    fill(files = 40): void {
      for (let number = 0; number < files; number += 1) writeFileSync(join(rig.directory, `file-${number}`), noise(number, MIB));
    },
    told: (hook: string, path = rig.directory): string => `${hook} testnet n1 ${path}`,
    letStandStill: () => writeFileSync(join(rig.folder, "pipe"), "go on"),
  };
}

export function useVaultJobs() {
  const aws = useEmulator();
  const running = new Set<Started>();
  let node: LedgerNode;
  let door: Awaited<ReturnType<typeof holdingDoor>>;
  let place: VaultPlace;
  let vault: OpenVault;
  beforeAll(async () => {
    node = await startLedgerNode();
    door = await holdingDoor(aws.endpoint);
  });
  afterAll(() => Promise.all([node.close(), door.close()]));
  beforeEach(async () => {
    place = { ...(await newPlace(aws.endpoint)), endpoint: door.endpoint };
    vault = await makeKeyring(place);
  });
  afterEach(async () => {
    door.open();
    for (const agent of running) {
      agent.bucket.close();
      await agent.end();
    }
    running.clear();
  });
  return {
    door: () => door,
    node: () => node,
    place: () => place,
    vault: () => vault,
    async started(options: { kind?: "hook" | "stop"; pipe?: boolean } = {}): Promise<Started> {
      const agent = await startAgent(node.url, place, aws.endpoint, options);
      running.add(agent);
      return agent;
    },
  };
}
