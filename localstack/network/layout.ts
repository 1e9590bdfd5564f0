/** Where everything listens: each node's, agent's and sign door's port, and a link for each way between two parts. */
import { LOOPBACK } from "./free-port.ts";
import type { Switchboard } from "./switchboard.ts";

export type NetworkNode = {
  readonly id: string;
  /** Direct doors, for the host itself and for the auditor; everybody else comes through a link. */
  readonly rpcPort: number;
  readonly rpcUrl: string;
  readonly agentPort: number;
  readonly signPort: number;
  /** Where a drill's scratch node answers beside this one. */
  readonly scratchPort: number;
  readonly rpcByRegion: Readonly<Record<string, string>>;
  readonly agentByRegion: Readonly<Record<string, string>>;
  /** The other nodes, and the agents beside them, as this host's agent reaches them. */
  readonly peers: readonly { readonly id: string; readonly rpc: string; readonly agent: string }[];
  /** Names the signer of this node's blocks. */
  readonly coinbase: string;
};

type Ports = () => Promise<number>;
const url = (port: number): string => `http://${LOOPBACK}:${port}`;

export async function networkNodes(options: {
  count: number;
  regions: readonly string[];
  ports: Ports;
  switchboard: Switchboard;
}): Promise<NetworkNode[]> {
  const { regions, ports, switchboard } = options;
  const numbers = Array.from({ length: options.count }, (_, index) => index + 1);
  const doors = new Map<number, { rpc: number; agent: number; sign: number; scratch: number }>();
  for (const n of numbers) doors.set(n, { rpc: await ports(), agent: await ports(), sign: await ports(), scratch: await ports() });
  const doorsOf = (n: number) => doors.get(n) ?? { rpc: 0, agent: 0, sign: 0, scratch: 0 };
  const nodes: NetworkNode[] = [];
  for (const n of numbers) {
    const { rpc, agent, sign, scratch } = doorsOf(n);
    const rpcByRegion: Record<string, string> = {};
    const agentByRegion: Record<string, string> = {};
    for (const region of regions) {
      rpcByRegion[region] = url(await switchboard.add({ name: `${region}>n${n}`, port: await ports(), backendPort: rpc }));
      agentByRegion[region] = url(await switchboard.add({ name: `${region}>a${n}`, port: await ports(), backendPort: agent }));
    }
    const peers: { id: string; rpc: string; agent: string }[] = [];
    for (const peer of numbers.filter((other) => other !== n)) {
      peers.push({
        id: `n${peer}`,
        rpc: url(await switchboard.add({ name: `a${n}>n${peer}`, port: await ports(), backendPort: doorsOf(peer).rpc })),
        agent: url(await switchboard.add({ name: `a${n}>a${peer}`, port: await ports(), backendPort: doorsOf(peer).agent })),
      });
    }
    // "5160" and the node's number: easy to tell apart in a block explorer, and nobody's real address.
    const coinbase = `0x5160${n.toString(16).padStart(36, "0")}`;
    nodes.push({
      id: `n${n}`,
      rpcPort: rpc,
      rpcUrl: url(rpc),
      agentPort: agent,
      signPort: sign,
      scratchPort: scratch,
      rpcByRegion,
      agentByRegion,
      peers,
      coinbase,
    });
  }
  return nodes;
}

/** Each Region's way to AWS; empty where no emulator is given. */
export async function awsLinks(options: {
  regions: readonly string[];
  ports: Ports;
  switchboard: Switchboard;
  awsPort: number | undefined;
}): Promise<Readonly<Record<string, string>>> {
  const { regions, ports, switchboard, awsPort } = options;
  const awsByRegion: Record<string, string> = {};
  if (awsPort === undefined) return awsByRegion;
  for (const region of regions)
    awsByRegion[region] = url(await switchboard.add({ name: `${region}>aws`, port: await ports(), backendPort: awsPort }));
  return awsByRegion;
}
