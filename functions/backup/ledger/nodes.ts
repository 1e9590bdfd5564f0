/**
 * Which node the ledger is read from, and how far it is behind. One that holds no role is read, so that no holder carries the load; the
 * second, by whose word the history is checked, is another one.
 */
import { type EvmLedger, evmLedger } from "../../../adapters/ledger-evm.ts";
import { headOf } from "../../../core/backup/restore-drill/judgement.ts";
import { endpointFor } from "../../../core/kernel/endpoint.ts";
import { LedgerUnavailable } from "../../../core/kernel/errors.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { answeringNodes } from "../answering.ts";

/** A role for each of at most 32. */
const LEASES_MAX = 100;

export type Readers = { readonly reader: FleetNode; readonly second: FleetNode | null };

export async function chooseReaders(world: World): Promise<Readers> {
  const [answering, leases] = await Promise.all([answeringNodes(world), world.registry.list("lease", { limit: LEASES_MAX })]);
  const holders = new Set(leases.map(({ value }) => value.holder));
  const [first, second] = answering.toSorted(
    ({ node: left, probe: { head } }, { node: right, probe: { head: other } }) =>
      Number(holders.has(left.id)) - Number(holders.has(right.id)) || other.height - head.height || (left.id < right.id ? -1 : 1),
  );
  if (first === undefined) throw new LedgerUnavailable({ reason: "no node of the fleet answers" });
  return { reader: first.node, second: second?.node ?? null };
}

export function ledgerOf(world: World, node: FleetNode): EvmLedger {
  const url = endpointFor(node.rpc, world.region);
  if (url === undefined) throw new LedgerUnavailable({ reason: `the fleet file gives ${world.region} no way to ${node.id}` });
  return evmLedger({ url, finality: world.fleet.chain.finality });
}

/** Blocks that the node is behind the second-highest head of the fleet; null where it does not answer, or nobody else does. */
export async function lagOfNode(world: World, reader: FleetNode): Promise<number | null> {
  const heads = (await answeringNodes(world)).map(({ node, probe }) => ({ id: node.id, head: probe.head.height }));
  const own = heads.find(({ id }) => id === reader.id);
  const others = heads.filter(({ id }) => id !== reader.id);
  return own === undefined || others.length === 0 ? null : Math.max(0, headOf(others) - own.head);
}
