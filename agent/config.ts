/**
 * The agent's configuration: one YAML or JSON file, parsed once, with one sentence a fault. Control keys may be absent:
 * the agent then refuses every command and reads the file again each second until they are there, so that agents can be
 * installed before the control plane exists.
 */
import { readFileSync, statSync } from "node:fs";
import * as z from "zod";
import { faultsOf } from "../core/kernel/errors.ts";
import { FleetId, Hash, NodeId, PublicKey, RoleName } from "../core/kernel/ids.ts";
import { Hook, HttpUrl, isLoopback, Path } from "./config-parts.ts";
import { AgentVault } from "./vault/vault-config.ts";
import { AgentVitals } from "./vitals/vitals-config.ts";
import { AgentWork } from "./work/work-config.ts";

const CONFIG_BYTES_MAX = 256 * 1024;

const Port = z.int().min(1).max(65_535);
export const HOOKS = ["start", "stop", "promote", "demote", "prepare", "fetchSnapshot"] as const;
export type HookName = (typeof HOOKS)[number];

const Peer = z.strictObject({
  id: NodeId,
  rpc: HttpUrl,
  agent: HttpUrl.optional().meta({ description: "The peer's agent, as reached from this host; only for trading work." }),
  agentKey: PublicKey.optional().meta({ description: "What the fleet file says of that agent. Only words that are signed with it are believed." }),
  agentTlsSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

export const AgentConfig = z.strictObject({
  $schema: z.string().optional(),
  fleet: FleetId,
  node: NodeId,
  roles: z.array(RoleName).min(1).max(32).meta({ description: "The roles that this node may ever hold." }),
  listen: z.strictObject({
    host: z.string().min(1).max(255),
    port: Port,
    tls: z.strictObject({ certificateFile: Path, keyFile: Path }).optional(),
  }),
  sign: z.strictObject({
    host: z.string().refine(isLoopback, "must be loopback (127.0.0.0/8 or ::1): the question is not signed").default("127.0.0.1"),
    port: Port,
  }),
  chain: z.strictObject({
    chainId: z.int().min(1),
    genesisHash: Hash.optional(),
    slots: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("time"), genesisTime: z.int().min(0), seconds: z.int().min(1).max(600) }),
      z.strictObject({ kind: z.literal("height") }),
    ]),
  }),
  rpc: HttpUrl.meta({ description: "The node beside this agent." }),
  peers: z.array(Peer).max(499).default([]),
  controlKeys: z
    .array(z.string().min(80).max(512))
    .max(8)
    .default([])
    .meta({ description: "P-256 public keys, SPKI in base64, one per observer Region. Only what these delegate is obeyed." }),
  key: z.strictObject({
    file: Path,
    sealedBy: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("passphrase"), file: Path }),
      z.strictObject({ kind: z.literal("kms"), keyId: z.string().min(1), region: z.string().optional(), endpoint: HttpUrl.optional() }),
    ]),
  }),
  store: Path.meta({ description: "A folder on a local disk, owned by the agent's user." }),
  hooks: z
    .strictObject(Object.fromEntries(HOOKS.map((name) => [name, Hook.optional()])) as Record<HookName, z.ZodOptional<typeof Hook>>)
    .prefault({}),
  vault: AgentVault.optional(),
  vitals: AgentVitals.optional(),
  work: AgentWork.optional(),
  clockOffset: Hook.optional().meta({
    description: "A command that prints this host's clock offset in milliseconds. Without it the report says null.",
  }),
});
export type AgentConfig = z.infer<typeof AgentConfig>;

export type ConfigRead = { readonly kind: "read"; readonly config: AgentConfig } | { readonly kind: "invalid"; readonly faults: readonly string[] };

export async function readAgentConfig(path: string): Promise<ConfigRead> {
  const invalid = (fault: string): ConfigRead => ({ kind: "invalid", faults: [`${path}: ${fault}`] });
  let text: string;
  try {
    if (statSync(path).size > CONFIG_BYTES_MAX) return invalid(`more than ${CONFIG_BYTES_MAX} bytes`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
  const document = await parseDocument(path, text);
  if (document.kind === "broken") return invalid(document.reason);
  const parsed = AgentConfig.safeParse(document.value);
  if (!parsed.success) return { kind: "invalid", faults: faultsOf(parsed.error).map((fault) => `${path}: ${fault}`) };
  const faults = crossFaults(parsed.data);
  return faults.length > 0 ? { kind: "invalid", faults: faults.map((fault) => `${path}: ${fault}`) } : { kind: "read", config: parsed.data };
}

async function parseDocument(path: string, text: string): Promise<{ kind: "parsed"; value: unknown } | { kind: "broken"; reason: string }> {
  try {
    if (path.endsWith(".json")) return { kind: "parsed", value: JSON.parse(text) };
    const { parse } = await import("yaml");
    return { kind: "parsed", value: parse(text, { maxAliasCount: 0 }) };
  } catch (error) {
    return { kind: "broken", reason: error instanceof Error ? error.message : String(error) };
  }
}

function crossFaults(config: AgentConfig): string[] {
  const faults: string[] = [];
  const ids = config.peers.map((peer) => peer.id);
  if (new Set(ids).size !== ids.length) faults.push("peers: an id is there twice");
  if (ids.includes(config.node)) faults.push(`peers: ${config.node} is this very node`);
  for (const { id, agent, agentKey } of config.peers) {
    if ((agent === undefined) !== (agentKey === undefined)) faults.push(`peers: ${id} needs both agent and agentKey, or neither`);
  }
  if (config.work !== undefined && config.peers.every(({ agentKey }) => agentKey === undefined)) {
    faults.push("work: no peer has agent and agentKey, so there is nobody to trade with");
  }
  if (config.listen.port === config.sign.port) faults.push("listen.port and sign.port must differ");
  if ((config.hooks.start === undefined) !== (config.hooks.stop === undefined)) {
    faults.push("hooks: start and stop go together; a validator that is started and cannot be stopped cannot be fenced");
  }
  return faults;
}
