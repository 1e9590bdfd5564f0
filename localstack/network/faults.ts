/**
 * The faults that can be rehearsed, by name: each is a list of steps on processes, links and gossip. Pure: what a fault
 * does can be read, printed and tested without a network. `fault-executor.ts` carries the steps out.
 */
import {
  agentOf,
  agentTalks,
  agentViews,
  CUT,
  everyWayTo,
  type FaultStep,
  gossipLinks,
  hostOf,
  links,
  observersToAgent,
  observersToNode,
  othersThan,
  regionLinks,
  signals,
  type Topology,
  UP,
  validatorOf,
} from "./fault-steps.ts";
import type { LinkName } from "./switchboard.ts";

export type Fault = {
  readonly about: string;
  readonly target: "node" | "region" | "none";
  /** The fault that takes it back, for the same target. */
  readonly undo: string;
  /** For a fault that takes its time: how long, unless told. */
  readonly seconds?: number;
  readonly steps: (target: string, topology: Topology, overMs: number) => readonly FaultStep[];
};

/** Above the second-worst of healthy answers here by far, below the 2 s after which a probe counts as silent. */
const SLOW_MS = 800;
/** Every third connection: often enough that each observer meets it within seconds. */
const LOSSY_SHARE = 1 / 3;

export const FAULTS: Readonly<Record<string, Fault>> = {
  "kill-node": { about: "the node's process is killed", target: "node", undo: "restart-node", steps: (n) => signals([n], "SIGKILL") },
  "kill-host": { about: "node, agent and validator are killed", target: "node", undo: "restart-host", steps: (n) => signals(hostOf(n), "SIGKILL") },
  "kill-agent": {
    about: "the agent is killed, as by a crash",
    target: "node",
    undo: "restart-agent",
    steps: (n) => signals([agentOf(n)], "SIGKILL"),
  },
  "stop-agent": {
    about: "the agent is shut down in good order",
    target: "node",
    undo: "restart-agent",
    steps: (n) => [{ kind: "stop", process: agentOf(n) }],
  },
  "restart-node": {
    about: "the node starts again, empty, and catches up",
    target: "node",
    undo: "heal",
    steps: (n) => [{ kind: "restart", process: n }],
  },
  "restart-agent": {
    about: "the agent is shut down in good order where it runs, and started",
    target: "node",
    undo: "heal",
    steps: (n) => [{ kind: "restart", process: agentOf(n) }],
  },
  "restart-host": {
    about: "node, agent and validator start again",
    target: "node",
    undo: "heal",
    steps: (n) => [n, agentOf(n), validatorOf(n)].map((process) => ({ kind: "restart", process })),
  },
  freeze: {
    about: "the host stops in mid-air: nothing runs, nothing is lost",
    target: "node",
    undo: "wake",
    steps: (n) => signals(hostOf(n), "SIGSTOP"),
  },
  wake: { about: "a frozen host goes on where it stopped", target: "node", undo: "heal", steps: (n) => signals(hostOf(n).toReversed(), "SIGCONT") },
  slow: {
    about: `the node answers ${SLOW_MS} ms late, to observers and to the other agents`,
    target: "node",
    undo: "reconnect",
    steps: (n, t) =>
      links([...observersToNode(n, t), ...othersThan(n, t).map((o): LinkName => `${agentOf(o)}>${n}`)], { kind: "slow", delayMs: SLOW_MS }),
  },
  lossy: {
    about: "a third of the connections to the host stall",
    target: "node",
    undo: "reconnect",
    steps: (n, t) => links(everyWayTo(n, t), { kind: "lossy", share: LOSSY_SHARE }),
  },
  "partition-observers": {
    about: "no observer reaches the node or its agent; its peers do",
    target: "node",
    undo: "reconnect",
    steps: (n, t) => links([...observersToNode(n, t), ...observersToAgent(n, t)], CUT),
  },
  "partition-node": {
    about: "the node and the others exchange no blocks, and agents see and hear no peer across",
    target: "node",
    undo: "reconnect",
    steps: (n, t) => [...gossipLinks(n, t, false), ...links([...agentViews(n, t), ...agentTalks(n, t)], CUT)],
  },
  isolate: {
    about: "every link of the host is cut",
    target: "node",
    undo: "reconnect",
    steps: (n, t) => [...gossipLinks(n, t, false), ...links(everyWayTo(n, t), CUT)],
  },
  "blind-observer": {
    about: "the first Region sees neither the node nor its agent; everybody else does",
    target: "node",
    undo: "reconnect",
    steps: (n, t) => t.regions.slice(0, 1).flatMap((r) => links([`${r}>${n}`, `${r}>${agentOf(n)}`], CUT)),
  },
  "one-way": {
    about: "observers' requests reach node and agent, replies do not come back",
    target: "node",
    undo: "reconnect",
    steps: (n, t) => links([...observersToNode(n, t), ...observersToAgent(n, t)], { kind: "one-way" }),
  },
  "cut-agent": {
    about: "the control plane does not reach the agent; it does reach the node",
    target: "node",
    undo: "reconnect",
    steps: (n, t) => links(observersToAgent(n, t), CUT),
  },
  "cut-peers": {
    about: "the host's agent and the other agents do not hear each other; everybody else does",
    target: "node",
    undo: "reconnect",
    steps: (n, t) => links(agentTalks(n, t), CUT),
  },
  reconnect: {
    about: "every link of the host is up",
    target: "node",
    undo: "heal",
    steps: (n, t) => [...gossipLinks(n, t, true), ...links(everyWayTo(n, t), UP)],
  },
  rogue: {
    about: "the node makes fifty blocks that nobody else has, signed by nobody known",
    target: "node",
    undo: "restart-node",
    steps: (n) => [{ kind: "rogue", node: n }],
  },
  halt: { about: "every validator stops", target: "none", undo: "resume", steps: (_, t) => signals(t.nodes.map(validatorOf), "SIGSTOP") },
  resume: { about: "every validator goes on", target: "none", undo: "heal", steps: (_, t) => signals(t.nodes.map(validatorOf), "SIGCONT") },
  "region-down": {
    about: "the Region's functions reach neither AWS nor nodes nor agents",
    target: "region",
    undo: "region-up",
    steps: (r, t) => links(regionLinks(r, t), CUT),
  },
  "region-up": { about: "the Region's links are up", target: "region", undo: "heal", steps: (r, t) => links(regionLinks(r, t), UP) },
  "region-lost": {
    about: "the Region is gone: its functions reach nothing, and its copy of the backups is deleted",
    target: "region",
    undo: "heal",
    steps: (r, t) => [...links(regionLinks(r, t), CUT), { kind: "vault", action: "lose", region: r }],
  },
  "replication-stalled": {
    about: "nothing is copied from the vault's home any more",
    target: "none",
    undo: "heal",
    steps: () => [{ kind: "vault", action: "stall", region: "" }],
  },
  leak: {
    about: "the node's memory grows until it is killed for it",
    target: "node",
    undo: "heal",
    seconds: 40,
    steps: (n, _, overMs) => [{ kind: "grow", node: n, of: "memory", overMs }],
  },
  "fill-disk": {
    about: "a file grows on the host's disk until nothing is free and the node dies",
    target: "node",
    undo: "heal",
    seconds: 40,
    steps: (n, _, overMs) => [{ kind: "grow", node: n, of: "disk", overMs }],
  },
  heal: {
    about: "links up, nothing grows, processes awake and running, rogues restarted",
    target: "none",
    undo: "heal",
    steps: () => [{ kind: "heal" }],
  },
};
