/**
 * The rehearsal network, in two steps, because the fleet file stands between them: first the nodes, the links and the gossip,
 * which give the addresses and the genesis that the fleet file names; then an agent and a validator beside each node.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { slotAt } from "../../core/kernel/slots.ts";
import { anvilProcess, CHAIN_ID } from "./anvil.ts";
import { buildHandler } from "./builder.ts";
import { type ChainNode, chainNode, untilAnswering } from "./chain-node.ts";
import { faultExecutor } from "./fault-executor.ts";
import { LOOPBACK, portAllotment } from "./free-port.ts";
import { type GossipOptions, openGossip } from "./gossip.ts";
import { nodeGrowths } from "./growths.ts";
import { pidFileOf } from "./host-limits.ts";
import { serveJson } from "./json-server.ts";
import { awsLinks, type NetworkNode, networkNodes } from "./layout.ts";
import type { ProcessStarter, StartedProcess } from "./process-starter.ts";
import { processTable } from "./process-table.ts";
import { serveRequestMetrics } from "./request-metrics.ts";
import { scratchNodes } from "./scratch-nodes.ts";
import { openSwitchboard } from "./switchboard.ts";
import { type UnitsOptions, unitNodes } from "./unit-nodes.ts";
import type { ValidatorConfig } from "./validator.ts";

/** Anvil listens within 50 ms; on a machine that is busy with a deploy it has been seen to take a second. */
/** So that slot 0 is over when the first validator asks. */
const GENESIS_AGE_S = 5;

export type NetworkOptions = {
  readonly starter: ProcessStarter;
  /** Where validators' configurations are written. */
  readonly folder: string;
  readonly regions: readonly string[];
  readonly role: string;
  readonly nodes?: number;
  /** The first of some sixty ports that are wanted; without it the system chooses. */
  readonly firstPort?: number;
  /** The emulator's port: each Region then has a link to AWS. */
  readonly awsPort?: number;
  /** Seconds since the Unix epoch; the same genesis time gives the same genesis hash. */
  readonly genesisTime?: number;
  readonly log?: GossipOptions["log"];
  /** Nodes that come and go, as a webhook's receiver starts and stops them; none unless told. */
  readonly units?: UnitsOptions;
  /** Told each wanted port that somebody else holds; another is used. */
  readonly onPortTaken?: (port: number) => void;
};
/** How an agent is started: its configuration file for the real one, or any other program with a sign endpoint. */
export type AgentProgram = string | { readonly command: string; readonly args: readonly string[] };

export type Network = Awaited<ReturnType<typeof startNetwork>>;

export async function startNetwork(options: NetworkOptions) {
  const { starter, regions, log = () => {} } = options;
  const genesisTime = options.genesisTime ?? Math.floor(Date.now() / 1_000) - GENESIS_AGE_S;
  const slots = { kind: "time", genesisTime, seconds: 1 } as const;
  const ports = portAllotment(options.firstPort, options.onPortTaken);
  const switchboard = openSwitchboard();
  const processes = processTable(starter);
  const nodes = await networkNodes({ count: options.nodes ?? 4, regions, ports, switchboard });
  const chain = new Map<string, ChainNode>(nodes.map(({ id, rpcPort }) => [id, chainNode({ id, rpcPort, genesisTime })]));
  const awsByRegion = await awsLinks({ regions, ports, switchboard, awsPort: options.awsPort });

  // A node that was started again is empty: gossip must know, and bring it up to date.
  let rejoin = (_id: string): void => {};
  const ready = async (id: string, { pid }: StartedProcess): Promise<void> => {
    writePid(pidFileOf(options.folder, id), pid);
    await untilAnswering(chainOf(id));
    rejoin(id);
  };
  await Promise.all(nodes.map((node) => processes.start(anvilProcess({ ...node, genesisTime }), (process) => ready(node.id, process))));
  const genesis = await chainOf("n1").block("0x0");
  const signers = new Set(nodes.map((node) => node.coinbase));
  const slotNow = (): number => slotAt(slots, Date.now());
  const gossip = openGossip({ nodes: [...chain.values()], genesis, signers, slotNow, log, restart: (id) => processes.restart(id) });
  rejoin = gossip.rejoin;

  const buildToken = randomBytes(24).toString("base64url");
  const coinbaseOf = (id: string): string => nodes.find((node) => node.id === id)?.coinbase ?? "";
  const builder = await serveJson({
    port: await ports(),
    token: buildToken,
    handle: buildHandler((id, slot) => gossip.build(id, slot, coinbaseOf(id))),
  });
  const growths = nodeGrowths({ folder: options.folder, hosts: nodes, processes, log });
  const executor = faultExecutor({ topology: { nodes: nodes.map(({ id }) => id), regions }, processes, switchboard, gossip, growths });
  const metrics = await serveRequestMetrics({ port: await ports(), switchboard });

  const source = () => [...chain.values()].find(({ id }) => gossip.isReachable(id) && !gossip.isDishonest(id));
  const scratch = scratchNodes({ places: nodes.map(({ id, scratchPort }) => ({ id, scratchPort })), processes, genesisTime, source, log });
  const units = unitNodes({ ...options.units, processes, genesisTime, ports, source, log });

  function chainOf(id: string): ChainNode {
    const node = chain.get(id);
    if (node === undefined) throw new RangeError(`the rehearsal network has no node ${id}`);
    return node;
  }

  async function startHosts(agentFor: (node: NetworkNode) => AgentProgram): Promise<void> {
    const folder = join(options.folder, "validators");
    mkdirSync(folder, { recursive: true });
    const program = (file: string): string => resolve(import.meta.dirname, file);
    await Promise.all(
      nodes.map(async (node) => {
        const agent = agentFor(node);
        const agentProgram =
          typeof agent === "string" ? { command: process.execPath, args: [program("../../agent/main.ts"), "--config", agent] } : agent;
        await processes.start({ name: node.id.replace("n", "a"), ...agentProgram });
        const file = join(folder, `${node.id}.json`);
        const signUrl = `http://${LOOPBACK}:${node.signPort}/v1/sign`;
        const config = { node: node.id, role: options.role, slots, signUrl, buildUrl: `${builder.url}/build`, buildToken } as ValidatorConfig;
        writeFileSync(file, JSON.stringify(config, null, 2), { mode: 0o600 });
        await processes.start({ name: node.id.replace("n", "v"), command: process.execPath, args: [program("validator.ts"), file] });
      }),
    );
  }

  return {
    nodes: nodes as readonly NetworkNode[],
    chainId: CHAIN_ID,
    genesisHash: genesis.hash,
    genesisTime,
    slots,
    awsByRegion,
    /** The page that counts what came to each node. */
    metricsUrl: metrics.url,
    switchboard,
    gossip,
    faults: executor,
    scratch,
    units,
    /** Throws where the fault does not exist or its target is not here; `faults.run` says it as a value. */
    async fault(kind: string, target?: string, seconds?: number): Promise<readonly string[]> {
      const outcome = await executor.run(kind, target, seconds);
      if (outcome.kind === "refused") throw new RangeError(outcome.reason);
      return outcome.steps;
    },
    startHosts,
    /** What `GET /network` shows. */
    snapshot: () => ({
      slot: slotNow(),
      nodes: nodes.map((node) => {
        const { height, hash, slot, signer } = gossip.head(node.id);
        return { ...node, height, hash, slot, signer, reachable: gossip.isReachable(node.id), rogue: gossip.isDishonest(node.id) };
      }),
      units: units.addresses(),
      processes: processes.states(),
      links: switchboard.states().filter(({ state }) => state.kind !== "up"),
      growing: growths.states(),
      gossipCut: nodes.flatMap((a) => nodes.filter((b) => gossip.isCut(a.id, b.id)).map((b) => `${a.id}>${b.id}`)),
    }),
    /** Validators first, so that no block is asked for while the rest goes. */
    async stop(): Promise<void> {
      await Promise.all([scratch.close(), growths.heal(), units.close()]);
      const running = processes.states().map(({ name }) => name);
      for (const first of ["v", "a", "n"]) await Promise.all(running.filter((name) => name.startsWith(first)).map((name) => processes.end(name)));
      await gossip.close();
      await Promise.all([builder.close(), metrics.close(), switchboard.close()]);
    },
  };
}

/** As an init system would, at each start; whoever reads it meanwhile sees the one before or this one. */
function writePid(file: string, pid: number): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${pid}\n`);
  renameSync(`${file}.new`, file);
}
