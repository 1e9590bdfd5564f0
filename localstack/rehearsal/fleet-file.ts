/**
 * The rehearsal's own fleet file: the example, with the addresses, keys, signers and genesis of the network that was just
 * started. Written to `.rehearsal/fleet.yaml` and read back by the same parser that a real fleet file goes through.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { readFleet } from "../../adapters/fleet-yaml.ts";
import type { Fleet } from "../../core/kernel/fleet.ts";

export type HostAddresses = {
  readonly id: string;
  readonly rpcByRegion: Readonly<Record<string, string>>;
  readonly agentByRegion: Readonly<Record<string, string>>;
  readonly agentKey: string;
  readonly signer: string;
};

type Policies = { readonly [Part in "watch" | "failover" | "prediction"]?: Record<string, unknown> };

export type FleetFacts = {
  readonly template: string;
  readonly file: string;
  readonly schema: string;
  readonly fleetName: string;
  readonly genesisHash: string;
  readonly genesisTime: number;
  readonly hosts: readonly HostAddresses[];
  /** Who starts and stops the units of the one group that the example has. */
  readonly actuator: { readonly kind: "webhook"; readonly url: string; readonly key: string };
  /** What a bench or a test wants otherwise than the example; merged one level deep into `policies`. */
  readonly policies?: Policies;
};

type Template = {
  fleet: string;
  chain: { genesisHash: string; slots: { genesisTime: number } };
  nodes: { id: string; rpc: unknown; agent: unknown; agentKey: string; signer?: string }[];
  policies?: Policies;
  scaling?: { groups: { actuator: unknown }[] };
};

/** Throws with every fault when what was written is not a valid fleet: the template or the network is wrong then. */
export async function writeFleetFile(facts: FleetFacts): Promise<Fleet> {
  const document = parse(readFileSync(facts.template, "utf8")) as Template;
  document.fleet = facts.fleetName;
  document.chain.genesisHash = facts.genesisHash;
  document.chain.slots.genesisTime = facts.genesisTime;
  for (const node of document.nodes) {
    const host = facts.hosts.find((one) => one.id === node.id);
    if (!host) throw new Error(`${facts.template} names node ${node.id}, which the rehearsal network does not run`);
    node.rpc = host.rpcByRegion;
    node.agent = host.agentByRegion;
    node.agentKey = host.agentKey;
    node.signer = host.signer;
  }
  for (const group of document.scaling?.groups ?? []) group.actuator = facts.actuator;
  document.policies = {
    watch: { ...document.policies?.watch, ...facts.policies?.watch },
    failover: { ...document.policies?.failover, ...facts.policies?.failover },
    prediction: { ...document.policies?.prediction, ...facts.policies?.prediction },
  };
  writeFileSync(
    facts.file,
    `# yaml-language-server: $schema=${facts.schema}\n# Written by the rehearsal; changed at each start.\n${stringify(document)}`,
  );
  const reading = await readFleet(facts.file);
  if (reading.kind === "invalid") throw new Error(`the rehearsal's fleet file is not valid:\n${reading.faults.join("\n")}`);
  return reading.fleet;
}
