/**
 * Puts an agent together and runs it: the two ports are taken, the store is opened (or found damaged, and then every answer
 * says so), a validator that an earlier boot left running is stopped, the first look at the neighbours is taken, and only
 * then is anything answered: commands, and the validator's question on loopback.
 */
import type { KeyObject } from "node:crypto";
import { readPinnedKeys } from "../adapters/delegation-p256.ts";
import type { FleetNode } from "../core/kernel/fleet.ts";
import type { HostVitals } from "../core/kernel/host-vitals.ts";
import type { NodeId } from "../core/kernel/ids.ts";
import type { Clock, Entropy, Log, Nodes } from "../core/kernel/ports.ts";
import type { Agent } from "./agent.ts";
import { checkpoints } from "./checkpoint.ts";
import type { AgentConfig } from "./config.ts";
import { commandDispatcher } from "./dispatch.ts";
import { openDoors } from "./doors.ts";
import { DUTY_STEP_MS, validatorDuty } from "./duty.ts";
import { openGate } from "./gate.ts";
import { operatorHooks } from "./hooks.ts";
import { watchNeighbours } from "./neighbours.ts";
import { nodeRpc } from "./rpc.ts";
import { signingDesk } from "./signing.ts";
import { type Floor, openStore } from "./store.ts";
import { vaultJobs } from "./vault/jobs.ts";
import { hostVitals, nothingMeasured } from "./vitals.ts";
import { openTrading } from "./work/trading.ts";

const ROUND_MS = 1_000;
const BOOT_ID_BYTES = 12;
/** A reply may end after the stop; nothing waits longer than this for it. */
const CLOSE_MS = 2_000;

export type RunningAgent = {
  readonly agent: Agent;
  readonly commandPort: number;
  readonly signPort: number;
  /** Base64 SPKI keys; faults are returned and nothing changes. */
  pin(controlKeys: readonly string[]): readonly string[];
  /** Stops signing, leaves the closing record, ends. */
  close(): Promise<void>;
};

export type StartOptions = {
  config: AgentConfig;
  privateKey: KeyObject;
  nodes: Pick<Nodes, "probe">;
  clock: Clock;
  entropy: Entropy;
  log: Log;
  initialize: { readonly floors: readonly Floor[] } | null;
};

export async function startAgent(options: StartOptions): Promise<RunningAgent> {
  const { config, clock, log, privateKey } = options;
  const ended = new AbortController();
  // The doors first: where another agent holds the ports this one ends here, before it has touched that one's store.
  const doors = await openDoors(config, { clock, log });
  const { gate, closed } = openGateOnStore(options);
  const hooks = operatorHooks(config.hooks, log);
  const [self, ...peers] = [{ id: config.node, rpc: config.rpc }, ...config.peers].map((peer) => asNode(peer, config));
  if (self === undefined) throw new Error("unreachable: the list begins with this node");
  const neighbours = watchNeighbours({ self, peers, nodes: options.nodes, clock });
  const duty = validatorDuty({ config, gate, hooks, clock, log, headNow: neighbours.lookAtSelf });
  const vitals = hostVitals({ config, clock });
  const trading = openTrading({ config, privateKey, clock, log, shutReason: gate.shutReason() });
  let measured: HostVitals = nothingMeasured;
  const agent: Agent = {
    config,
    privateKey,
    gate,
    neighbours,
    checkpoints: checkpoints({ node: config.node, rpc: nodeRpc(config.rpc), gate }),
    duty,
    jobs: vaultJobs({ config, privateKey, gate, log }),
    vitals: () => measured,
    work: trading.view,
    closed,
    refused: { replayed: 0, stale: 0, forged: 0, misdirected: 0 },
    clock,
    log,
  };
  const dispatcher = commandDispatcher(agent);
  const pin = (controlKeys: readonly string[]): readonly string[] => {
    const pinned = readPinnedKeys(controlKeys);
    if (pinned.kind === "invalid") return pinned.faults;
    dispatcher.pin(pinned);
    return [];
  };

  await Promise.all([duty.begin({ closedCleanly: closed !== null }), agent.jobs.letGoOfEarlier()]);
  await neighbours.round();
  doors.serve({ dispatcher, desk: signingDesk({ gate, log }), trading });
  const rounds = every(ROUND_MS, { clock, log, signal: ended.signal }, async () => {
    await neighbours.round();
    for (const { role, grant } of gate.view()) if (grant !== null) await agent.checkpoints.take(role);
  });
  // By itself: a walk over a disk, or a node that hangs, must not delay the look at the neighbours.
  const looks = every(ROUND_MS, { clock, log, signal: ended.signal }, async () => {
    measured = await vitals.measure();
  });
  const trades = trading.run(ended.signal);
  const steps = every(DUTY_STEP_MS, { clock, log, signal: ended.signal }, async () => duty.step());
  return {
    agent,
    commandPort: doors.commands.port,
    signPort: doors.signing.port,
    pin,
    async close() {
      ended.abort();
      const [reasonNotEnded] = await Promise.all([duty.end(), agent.jobs.close(), trading.close()]);
      const reason = gate.close(reasonNotEnded);
      log.decision({
        module: "agent",
        subject: config.node,
        kind: reason === null ? "closed" : "closed-uncleanly",
        reason: reason ?? "asked to end",
      });
      await Promise.all([doors.commands.close(), doors.signing.close()]);
      await Promise.race([Promise.all([rounds, looks, steps, trades]), clock.sleep(CLOSE_MS)]);
    },
  };
}

function openGateOnStore({ config, privateKey, clock, entropy, log, initialize }: StartOptions) {
  const bootId = Buffer.from(entropy.bytes(BOOT_ID_BYTES)).toString("base64url");
  const store = openStore({ folder: config.store, keyFile: config.key.file, fleet: config.fleet, node: config.node, bootId, privateKey, initialize });
  const common = { roles: config.roles, privateKey, clock, entropy };
  if (store.kind === "opened") {
    const reason = store.closed === null ? "no signed closing record of the boot before" : `boot ${store.closed.bootId} closed cleanly`;
    log.decision({ module: "agent", subject: config.node, kind: "started", reason, bootId, storeCounter: store.counter });
    return { gate: openGate({ ...common, file: store.file, state: store.state, counter: store.counter }), closed: store.closed };
  }
  log.decision({ module: "agent", subject: config.node, kind: "store-damaged", reason: store.reason, bootId });
  const state = { fleet: config.fleet, node: config.node, roles: [], promoted: {}, adopted: {}, bootId, closing: null };
  const file = { load: () => ({ kind: "damaged", reason: store.reason }) as const, save: () => ({ kind: "damaged", reason: store.reason }) as const };
  return { gate: openGate({ ...common, file, state, counter: 0, shut: store.reason }), closed: null };
}

/** The prober reads a node's id and address; the rest of a fleet file's node is not known here and not needed. */
function asNode({ id, rpc }: { id: NodeId; rpc: string }, config: AgentConfig): FleetNode {
  return {
    id,
    rpc,
    agent: rpc,
    agentKey: "",
    zone: "",
    region: "local-0" as FleetNode["region"],
    client: config.chain.chainId.toString(),
    stake: 1,
    capacity: 1,
  };
}

/** Runs `work` again and again until ended. A fault of ours in one round is logged, and does not end the rounds. */
async function every(
  periodMs: number,
  { clock, log, signal }: { clock: Clock; log: Log; signal: AbortSignal },
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    await work().catch((error: unknown) =>
      log.warn("a round met a fault of ours", { error: error instanceof Error ? (error.stack ?? "") : String(error) }),
    );
    await clock.sleep(Math.max(0, periodMs - (clock.monotonicMs() - startedMs)), signal);
  }
}
