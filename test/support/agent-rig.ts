/**
 * One agent with everything around it that a test may want to be different: its clock, what its probes see, its folder on the
 * disk, the control plane's key. `start` makes a new boot on the same disk; `control` speaks to it like the control plane.
 */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { httpAgents } from "../../adapters/agents-http.ts";
import { type Authority, localAuthority } from "../../adapters/authority-kms.ts";
import { systemClock } from "../../adapters/clock-system.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import { httpChannel } from "../../adapters/http-channel.ts";
import { newSigningKey, publicKeyOf, seedOf, signingKeyFrom } from "../../adapters/signature-ed25519.ts";
import { AgentConfig } from "../../agent/config.ts";
import { type RunningAgent, startAgent } from "../../agent/start.ts";
import { type Floor, unusedMarker } from "../../agent/store.ts";
import { type Command, SignAnswer } from "../../core/kernel/agent-protocol.ts";
import type { FleetNode } from "../../core/kernel/fleet.ts";
import { FleetId, NodeId, RegionName, RoleName } from "../../core/kernel/ids.ts";
import type { Grant } from "../../core/kernel/lease.ts";
import type { Probe } from "../../core/kernel/node.ts";
import type { AgentAnswer, Agents, Clock, Nodes, Order } from "../../core/kernel/ports.ts";
import { freePort } from "../../localstack/emulator/port.ts";

export const FLEET = FleetId.parse("testnet");
export const NODE = NodeId.parse("n1");
export const ROLE = RoleName.parse("validator");
export const LEASE_MS = 10_000;

/** Real time for the network's limits, a settable one for leases. */
export function leaseClock(): Clock & { pass(ms: number): void } {
  const real = systemClock();
  let shiftMs = 0;
  return {
    wallMs: () => real.wallMs() + shiftMs,
    monotonicMs: () => real.monotonicMs() + shiftMs,
    sleep: real.sleep,
    pass(ms) {
      shiftMs += ms;
    },
  };
}

export type Control = ReturnType<typeof controlPlane>;

/** A control plane of its own key, speaking to one agent. */
export function controlPlane(options: {
  url: string;
  agentKey: string;
  clock: Clock;
  privateKey: KeyObject;
  fleet?: string;
  authority?: Authority;
  tlsSha256?: string;
}) {
  const fleet = FleetId.parse(options.fleet ?? FLEET);
  const authority = options.authority ?? localAuthority({ fleet, clock: options.clock, privateKey: options.privateKey });
  const agents: Agents & { close(): void } = httpAgents({
    fleet: { fleet },
    region: "us-east-1",
    authority,
    clock: options.clock,
    entropy: systemEntropy(),
  });
  const node = (id: NodeId = NODE): FleetNode => ({
    id,
    zone: "a",
    region: RegionName.parse("us-east-1"),
    rpc: "http://127.0.0.1:9",
    agent: options.url,
    agentKey: options.agentKey,
    client: "anvil",
    stake: 1,
    capacity: 100,
    ...(options.tlsSha256 === undefined ? {} : { agentTlsSha256: options.tlsSha256 }),
  });
  const call = <K extends Command["kind"]>(order: Order<K> & { kind: K }, to: NodeId = NODE, timeoutMs = 5_000) =>
    agents.call<K>(node(to), order, { timeoutMs });

  async function report() {
    return must(await call<"report">({ kind: "report", probe: [] })).report;
  }
  async function grant(facts: Partial<Grant> = {}, nonce?: string) {
    const given: Grant = { role: ROLE, epoch: 1, leaseMs: LEASE_MS, fromSlot: 0, throughSlot: 100, ...facts };
    return await call<"grant">({ kind: "grant", nonce: nonce ?? (await report()).nonce, grant: given });
  }
  async function fence(epoch: number, after: "now" | "next-signature" = "now") {
    return await call<"fence">({ kind: "fence", nonce: (await report()).nonce, role: ROLE, epoch, after });
  }
  return { call, report, grant, fence, node, close: () => agents.close() };
}

/** The reply of a call that must have been answered. */
export function must<A extends AgentAnswer>(answer: A): Extract<A, { kind: "answered" }>["reply"] {
  if (answer.kind !== "answered") throw new Error(`the agent's answer is ${answer.kind}: ${"reason" in answer ? answer.reason : ""}`);
  return answer.reply as Extract<A, { kind: "answered" }>["reply"];
}

/** Over a connection of its own each time: one that outlived an agent's restart would only say so. */
export async function askToSign(port: number, slot: number, role: string = ROLE): Promise<SignAnswer> {
  const channel = httpChannel(new URL(`http://127.0.0.1:${port}/v1/sign`));
  const exchange = await channel.post(JSON.stringify({ role, slot }), { timeoutMs: 5_000, bytesMax: 10_000, repeatable: false });
  channel.close();
  if (exchange.kind !== "answered") throw new Error(`the agent's sign endpoint is ${exchange.kind}: ${exchange.reason}`);
  return SignAnswer.parse(JSON.parse(exchange.body));
}

export const refusing: Probe = { kind: "refused", latencyMs: 1, reason: "nothing listens" };

/** A node at this height, in good order otherwise. */
export function answering(height: number): Probe {
  const hash = `0x${height.toString(16).padStart(64, "0")}`;
  return {
    kind: "answered",
    latencyMs: 1,
    chainId: 31_337,
    genesisHash: hash,
    head: { height, hash, parentHash: hash, timestampS: height, signer: `0x${"1".repeat(40)}` },
    reference: null,
    finalized: null,
    peers: 1,
    syncing: false,
  };
}

/** `given` where another agent must know this one's key and address beforehand. */
export async function agentRig(overrides: Record<string, unknown> = {}, given: { seed?: Uint8Array; commandPort?: number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "synnergy-agent-"));
  const clock = leaseClock();
  const seed = given.seed ?? seedOf(newSigningKey());
  const control = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const [commandPort, signPort] = [given.commandPort ?? (await freePort()), await freePort()];
  const config = AgentConfig.parse({
    fleet: FLEET,
    node: NODE,
    roles: [ROLE],
    listen: { host: "127.0.0.1", port: commandPort },
    sign: { host: "127.0.0.1", port: signPort },
    chain: { chainId: 31_337, slots: { kind: "time", genesisTime: 0, seconds: 1 } },
    rpc: "http://127.0.0.1:9",
    peers: [{ id: "n2", rpc: "http://127.0.0.1:9" }],
    controlKeys: [control.publicKey.export({ format: "der", type: "spki" }).toString("base64")],
    key: { file: join(folder, "agent.key"), sealedBy: { kind: "passphrase", file: join(folder, "passphrase") } },
    store: join(folder, "store"),
    ...overrides,
  });
  mkdirSync(config.store);
  writeFileSync(unusedMarker(config.key.file), "");
  const world: { probe: Nodes["probe"]; lines: Record<string, unknown>[] } = { probe: async () => refusing, lines: [] };
  const log = {
    decision: (line: Record<string, unknown>) => void world.lines.push(line),
    warn: (message: string, facts = {}) => void world.lines.push({ message, ...facts }),
  };
  const running = new Set<RunningAgent>();
  const agentKey = publicKeyOf(signingKeyFrom(seed));
  const plane = controlPlane({ url: `http://127.0.0.1:${commandPort}`, agentKey, clock, privateKey: control.privateKey });

  async function start(initialize: { floors: readonly Floor[] } | null = null): Promise<RunningAgent> {
    const started = await startAgent({
      config,
      privateKey: signingKeyFrom(seed),
      nodes: { probe: (...asked) => world.probe(...asked) },
      clock,
      entropy: systemEntropy(),
      log,
      initialize,
    });
    started.pin(config.controlKeys);
    running.add(started);
    return started;
  }
  return {
    folder,
    config,
    clock,
    world,
    control: plane,
    controlKey: control.privateKey,
    agentKey,
    start,
    sign: (slot: number, role?: string) => askToSign(signPort, slot, role),
    async stop(agent: RunningAgent) {
      running.delete(agent);
      await agent.close();
    },
    async end() {
      plane.close();
      for (const agent of running) await agent.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
export type Rig = Awaited<ReturnType<typeof agentRig>>;
