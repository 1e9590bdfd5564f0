/** The steps that faults are made of, and the lists of processes and links that they concern. Pure. */
import type { LinkState } from "./link.ts";
import type { LinkName } from "./switchboard.ts";

export type Topology = { readonly nodes: readonly string[]; readonly regions: readonly string[] };

export type FaultStep =
  | { readonly kind: "signal"; readonly process: string; readonly signal: "SIGSTOP" | "SIGCONT" | "SIGKILL" }
  /** Ends the process in good order where it runs (SIGTERM, then SIGKILL), and starts it. */
  | { readonly kind: "restart"; readonly process: string }
  /** Ends it in good order, and leaves it ended. */
  | { readonly kind: "stop"; readonly process: string }
  | { readonly kind: "link"; readonly link: LinkName; readonly state: LinkState }
  | { readonly kind: "gossip"; readonly from: string; readonly to: string; readonly up: boolean }
  | { readonly kind: "rogue"; readonly node: string }
  /** Until it ends the node, or until `heal`. */
  | { readonly kind: "grow"; readonly node: string; readonly of: "memory" | "disk"; readonly overMs: number }
  /** Of the fleet's buckets; without a vault it does nothing and says so. */
  | { readonly kind: "vault"; readonly action: "lose" | "stall"; readonly region: string }
  /** Everything that is stopped, dead, cut or rogue is set right again. */
  | { readonly kind: "heal" };

/** A host is node `n1`, agent `a1`, validator `v1`. */
export const agentOf = (node: string): string => node.replace(/^n/, "a");
export const validatorOf = (node: string): string => node.replace(/^n/, "v");
export const hostOf = (node: string): string[] => [validatorOf(node), agentOf(node), node];

export const signals = (processes: readonly string[], signal: "SIGSTOP" | "SIGCONT" | "SIGKILL"): FaultStep[] =>
  processes.map((process) => ({ kind: "signal", process, signal }));
export const links = (names: readonly LinkName[], state: LinkState): FaultStep[] => names.map((link) => ({ kind: "link", link, state }));

export const observersToNode = (node: string, { regions }: Topology): LinkName[] => regions.map((region): LinkName => `${region}>${node}`);
export const observersToAgent = (node: string, { regions }: Topology): LinkName[] => regions.map((region): LinkName => `${region}>${agentOf(node)}`);
export const othersThan = (node: string, { nodes }: Topology): string[] => nodes.filter((other) => other !== node);
/** The agents' ways to each other, both directions. */
export const agentTalks = (node: string, topology: Topology): LinkName[] =>
  othersThan(node, topology).flatMap((other): LinkName[] => [`${agentOf(node)}>${agentOf(other)}`, `${agentOf(other)}>${agentOf(node)}`]);
/** What this host's agent sees of the others, and what theirs see of it. */
export const agentViews = (node: string, topology: Topology): LinkName[] =>
  othersThan(node, topology).flatMap((other): LinkName[] => [`${agentOf(node)}>${other}`, `${agentOf(other)}>${node}`]);
export const gossipLinks = (node: string, topology: Topology, up: boolean): FaultStep[] =>
  othersThan(node, topology).flatMap((other): FaultStep[] => [
    { kind: "gossip", from: node, to: other, up },
    { kind: "gossip", from: other, to: node, up },
  ]);
export const regionLinks = (region: string, { nodes }: Topology): LinkName[] => [
  `${region}>aws`,
  ...nodes.flatMap((node): LinkName[] => [`${region}>${node}`, `${region}>${agentOf(node)}`]),
];
export const everyWayTo = (node: string, topology: Topology): LinkName[] => [
  ...observersToNode(node, topology),
  ...observersToAgent(node, topology),
  ...agentViews(node, topology),
  ...agentTalks(node, topology),
];

export const UP: LinkState = { kind: "up" };
export const CUT: LinkState = { kind: "cut" };
