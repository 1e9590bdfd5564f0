/**
 * The agents' keys of a rehearsal, made once and kept in its folder, sealed like real ones; and the configuration files by
 * which agents and the control plane come to trust each other. Stores are per start: each start is a new chain.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { generateKey } from "../../agent/keygen.ts";
import { readPassphrase } from "../../agent/unlock.ts";
import { ACCOUNT } from "../deploy/cdk.ts";
import { HOST_DISK_BYTES_MAX, hostFolder, NODE_MEMORY_BYTES_MAX, pidFileOf, workFilesOf } from "../network/host-limits.ts";
import { requestsAt } from "../network/request-metrics.ts";

export type HostKey = { readonly id: string; readonly folder: string; readonly publicKey: string };

/** One new key a node, in `<folder>/hosts/<id>`: what an earlier start left there goes, since its chain is gone too. */
export async function makeHostKeys(folder: string, ids: readonly string[]): Promise<HostKey[]> {
  return Promise.all(
    ids.map(async (id) => {
      const home = hostFolder(folder, id);
      rmSync(home, { recursive: true, force: true });
      mkdirSync(home, { recursive: true, mode: 0o700 });
      const passphrase = join(home, "passphrase");
      writeFileSync(passphrase, randomBytes(24).toString("base64url"), { mode: 0o600 });
      const secret = readPassphrase(passphrase);
      const publicKey = await generateKey(join(home, "agent.key"), { kind: "passphrase", passphrase: secret, kdf: "argon2id" });
      return { id, folder: home, publicKey };
    }),
  );
}

export type AgentFacts = {
  readonly fleet: string;
  readonly role: string;
  readonly chainId: number;
  readonly genesisHash: string;
  readonly genesisTime: number;
  readonly host: {
    readonly id: string;
    readonly agentPort: number;
    readonly signPort: number;
    readonly rpcPort: number;
    readonly scratchPort: number;
  };
  readonly peers: readonly { readonly id: string; readonly rpc: string; readonly agent: string; readonly agentKey: string }[];
  readonly controlKeys: readonly string[];
  readonly metricsUrl: string;
  /** The rehearsal's, where its control server's address is. */
  readonly folder: string;
};

const hook = (name: string): string => join(import.meta.dirname, "..", "hooks", name);
/** A dump of an hour's blocks takes a second; of a loaded machine's, several. */
const HOOK_MS = 60_000;
/** A host here has some twenty files. */
const DISK_EVERY_S = 2;
/** Of work that is traded. A round has time for a hook's start on a machine that is busy. */
export const WORK = { capacityUnits: 100, roundSeconds: 2 } as const;

/** Nothing is assigned until somebody writes it down. */
function workConfig({ folder, host }: Pick<AgentFacts, "host" | "folder">) {
  const { items, served } = workFilesOf(folder, host.id);
  writeFileSync(items, "{}", { mode: 0o600 });
  return { ...WORK, items, changed: { command: [process.execPath, hook("serve-work.ts"), served], timeoutMs: HOOK_MS } };
}

/** What an operator would write for a client that flushes on demand, and for a host on which drills are booted. */
function vaultConfig(home: string, { host, folder }: Pick<AgentFacts, "host" | "folder">) {
  const run = (...command: string[]) => ({ command: [process.execPath, ...command], timeoutMs: HOOK_MS });
  const directory = join(home, "data");
  return {
    directory: { path: directory, standstill: { kind: "hook", before: run(hook("dump-state.ts"), String(host.rpcPort), directory) } },
    account: ACCOUNT,
    scratch: {
      folder: join(home, "scratch"),
      rpc: `http://127.0.0.1:${host.scratchPort}`,
      boot: run(hook("scratch-node.ts"), folder, host.id, "boot"),
      end: run(hook("scratch-node.ts"), folder, host.id, "end"),
    },
  };
}

/** Writes the agent's configuration beside its key and answers the file's path. */
export function writeAgentConfig(key: HostKey, facts: AgentFacts): string {
  if (!existsSync(key.folder)) throw new Error(`${key.folder} is gone: was the rehearsal's folder removed while it ran?`);
  const file = join(key.folder, "agent.yaml");
  const config = {
    fleet: facts.fleet,
    node: facts.host.id,
    roles: [facts.role],
    listen: { host: "127.0.0.1", port: facts.host.agentPort },
    sign: { host: "127.0.0.1", port: facts.host.signPort },
    chain: {
      chainId: facts.chainId,
      genesisHash: facts.genesisHash,
      slots: { kind: "time", genesisTime: facts.genesisTime, seconds: 1 },
    },
    rpc: `http://127.0.0.1:${facts.host.rpcPort}`,
    peers: facts.peers,
    controlKeys: facts.controlKeys,
    key: { file: join(key.folder, "agent.key"), sealedBy: { kind: "passphrase", file: join(key.folder, "passphrase") } },
    store: join(key.folder, "store"),
    vault: vaultConfig(key.folder, facts),
    vitals: {
      pidFile: pidFileOf(facts.folder, facts.host.id),
      memoryBytesMax: NODE_MEMORY_BYTES_MAX,
      disk: { folder: key.folder, bytesMax: HOST_DISK_BYTES_MAX, everySeconds: DISK_EVERY_S },
      metrics: { url: facts.metricsUrl, requests: requestsAt(facts.host.id) },
    },
    work: workConfig(facts),
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}
