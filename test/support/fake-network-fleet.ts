/** The fleet of the fake network: four nodes of one role unless told otherwise, on a chain of one-second slots. */
import { Fleet } from "../../core/kernel/fleet.ts";

export const GENESIS_S = 1_700_000_000;
export const hash = (height: number): string => `0x${height.toString(16).padStart(64, "0")}`;
export const signerOf = (index: number): string => `0x${String(index + 1).padStart(40, "0")}`;

export function fleetOf(overrides: { mode?: string; failover?: Record<string, unknown>; nodes?: number } = {}): Fleet {
  const ids = Array.from({ length: overrides.nodes ?? 4 }, (_, index) => `n${index + 1}`);
  return Fleet.parse({
    fleet: "testing",
    chain: {
      protocol: "evm",
      chainId: 1,
      genesisHash: hash(0),
      finality: { kind: "tag" },
      slots: { kind: "time", genesisTime: GENESIS_S, seconds: 1 },
    },
    regions: { home: "us-east-1", observers: ["us-east-1", "us-west-2"], witness: "us-east-2" },
    nodes: ids.map((id, index) => ({
      id,
      zone: `z${index % 3}`,
      region: index % 2 === 0 ? "us-east-1" : "us-west-2",
      rpc: `http://127.0.0.1:${1000 + index}`,
      agent: `http://127.0.0.1:${2000 + index}`,
      agentKey: "A".repeat(43),
      client: index % 2 === 0 ? "geth" : "reth",
      signer: signerOf(index),
    })),
    roles: [{ name: "primary", members: ids, leaseSeconds: 10, mode: overrides.mode ?? "auto" }],
    policies: { failover: { cooldownSeconds: 0, perHourMax: 100, atOnceMax: 1, ...overrides.failover } },
  });
}
