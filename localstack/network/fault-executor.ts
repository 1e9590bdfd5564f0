/** Carries a planned fault out, a step after the other, and says in plain words what each step did. One fault at a time. */
import { planFault } from "./fault-plan.ts";
import type { FaultStep, Topology } from "./fault-steps.ts";
import type { Gossip } from "./gossip.ts";
import type { Growths } from "./growths.ts";
import type { ProcessTable } from "./process-table.ts";
import type { Switchboard } from "./switchboard.ts";

export type FaultOutcome =
  | { readonly kind: "done"; readonly name: string; readonly undo: string; readonly steps: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

/** Far more than any node may lag before it is called lagging. */
const ROGUE_BLOCKS = 50;
/** Nobody's coinbase. */
const ROGUE_SIGNER = "0x00000000000000000000000000000000000bad00";

/** What can be done to the fleet's buckets; the rehearsal brings it once they are deployed. */
export type VaultHands = { lose(region: string): Promise<string>; stallReplication(): Promise<string>; heal(): Promise<string> };
export type FaultExecutor = {
  /** `seconds` for a fault that takes its time. */
  run(name: string, target?: string, seconds?: number): Promise<FaultOutcome>;
  attachVault(vault: VaultHands): void;
};

export function faultExecutor(parts: {
  topology: Topology;
  processes: ProcessTable;
  switchboard: Switchboard;
  gossip: Pick<Gossip, "setLink" | "goRogue" | "isDishonest">;
  growths: Pick<Growths, "begin" | "heal">;
}): FaultExecutor {
  const { topology, processes, switchboard, gossip, growths } = parts;
  let last: Promise<unknown> = Promise.resolve();
  let vault: VaultHands | undefined;

  async function carryOut(step: FaultStep): Promise<string> {
    switch (step.kind) {
      case "signal":
        return (await processes.signal(step.process, step.signal)) ? `${step.signal} to ${step.process}` : `${step.process} was not running`;
      case "restart":
        await processes.restart(step.process);
        return `${step.process} was started again`;
      case "stop":
        await processes.end(step.process);
        return `${step.process} was shut down`;
      case "link":
        if (!switchboard.has(step.link)) return `there is no link ${step.link} here`;
        switchboard.set(step.link, step.state);
        return `${step.link} is ${step.state.kind}`;
      case "gossip":
        gossip.setLink(step.from, step.to, step.up);
        return `blocks ${step.up ? "pass" : "do not pass"} from ${step.from} to ${step.to}`;
      case "rogue":
        await gossip.goRogue(step.node, ROGUE_BLOCKS, ROGUE_SIGNER);
        return `${step.node} is ${ROGUE_BLOCKS} blocks ahead on its own`;
      case "grow":
        return growths.begin(step.node, step.of, step.overMs);
      case "vault":
        if (vault === undefined) return "there is no vault here";
        return step.action === "lose" ? await vault.lose(step.region) : await vault.stallReplication();
      case "heal":
        return [await growths.heal(), await heal(), await vault?.heal()].filter(Boolean).join("; ");
    }
  }

  /** Links first, so that what starts finds its peers; nodes before their agents and validators. */
  async function heal(): Promise<string> {
    for (const { name } of switchboard.states()) switchboard.set(name as `${string}>${string}`, { kind: "up" });
    for (const from of topology.nodes) for (const to of topology.nodes) if (from !== to) gossip.setLink(from, to, true);
    const before = processes.states();
    for (const { name } of before.filter(({ state }) => state === "stopped")) await processes.signal(name, "SIGCONT");
    const dead = before.filter(({ state }) => state === "dead").map(({ name }) => name);
    const rogues = topology.nodes.filter((node) => gossip.isDishonest(node) && !dead.includes(node));
    const again = [...dead, ...rogues].toSorted((a, b) => Number(topology.nodes.includes(b)) - Number(topology.nodes.includes(a)));
    for (const name of again) await processes.restart(name);
    return `every link is up, every process runs${again.length === 0 ? "" : `; started again: ${again.join(", ")}`}`;
  }

  async function run(name: string, target?: string, seconds?: number): Promise<FaultOutcome> {
    const plan = planFault(name, target, topology, seconds);
    if (plan.kind === "refused") return plan;
    const turn = last.then(async (): Promise<FaultOutcome> => {
      const steps: string[] = [];
      for (const step of plan.steps) steps.push(await carryOut(step));
      return { kind: "done", name: plan.name, undo: plan.fault.undo, steps };
    });
    // Whoever asked hears of the failure; the next fault must not.
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    run,
    attachVault(hands) {
      vault = hands;
    },
  };
}
