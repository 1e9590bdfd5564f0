/**
 * Every way that a part of the rehearsal has to another, as a link of its own, named `from>to`: `us-east-1>n1` is that
 * Region's way to a node, `us-east-1>a1` to its agent, `a1>n2` an agent's view of a peer's node, `a1>a2` its way to that node's agent, `us-east-1>aws` the Region's
 * way to AWS. Faults cut links, not processes' configuration, so nobody who is cut off knows it.
 */
import { type Link, type LinkState, openLink } from "./link.ts";

export type LinkName = `${string}>${string}`;
export type Switchboard = {
  /** Port 0 lets the system choose. */
  add(link: { name: LinkName; port: number; backendPort: number }): Promise<number>;
  port(name: LinkName): number;
  has(name: LinkName): boolean;
  set(name: LinkName, state: LinkState): void;
  states(): readonly {
    readonly name: string;
    readonly port: number;
    readonly state: LinkState;
    readonly connections: number;
    readonly requests: number;
  }[];
  close(): Promise<void>;
};

/** The same seed stalls the same connections, in the order in which they come. */
export function openSwitchboard(seed = 1): Switchboard {
  const links = new Map<string, Link>();
  const chance = seeded(seed);
  const find = (name: string): Link => {
    const link = links.get(name);
    if (link === undefined) throw new RangeError(`there is no link ${name}; there are ${[...links.keys()].join(", ")}`);
    return link;
  };
  return {
    async add({ name, port, backendPort }) {
      const link = await openLink({ name, port, backendPort, chance });
      links.set(name, link);
      return link.port;
    },
    port: (name) => find(name).port,
    has: (name) => links.has(name),
    set: (name, state) => find(name).set(state),
    states: () =>
      [...links.values()].map(({ name, port, state, connections, requests }) => ({
        name,
        port,
        state: state(),
        connections: connections(),
        requests: requests(),
      })),
    async close() {
      await Promise.all([...links.values()].map((link) => link.close()));
    },
  };
}

/** A linear congruential generator (Numerical Recipes' constants): chance enough to drop connections by. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
