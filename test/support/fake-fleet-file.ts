/** A small fleet file, parsed, for tests that care about who is in it and not about addresses. */
import { createHash } from "node:crypto";
import { Fleet } from "../../core/kernel/fleet.ts";
import type { RoleName } from "../../core/kernel/ids.ts";

export const ROLE = "primary" as RoleName;
export const HOME = "us-east-1";
export const AWAY = "us-west-2";
export const GENESIS_HASH = `0x${"00".repeat(32)}`;
export const SLOT_MS = 1_000;
export const CHAIN_ID = 31_337;

export type FleetOptions = {
  nodes?: number;
  observers?: readonly string[];
  watch?: Record<string, unknown>;
  failover?: Record<string, unknown>;
  prediction?: Record<string, unknown>;
  scaling?: Record<string, unknown>;
  genesisTime?: number;
};

export function fleetOf(options: FleetOptions = {}): Fleet {
  const ids = Array.from({ length: options.nodes ?? 4 }, (_, index) => `n${index + 1}`);
  const observers = options.observers ?? [HOME, AWAY];
  return Fleet.parse({
    fleet: "fake",
    chain: {
      protocol: "evm",
      chainId: CHAIN_ID,
      genesisHash: GENESIS_HASH,
      finality: { kind: "tag" },
      slots: { kind: "time", genesisTime: options.genesisTime ?? 0, seconds: SLOT_MS / 1_000 },
    },
    regions: { home: observers[0], observers },
    nodes: ids.map((id, index) => ({
      id,
      zone: `zone-${id}`,
      region: observers[index % observers.length],
      rpc: `http://127.0.0.1:${8_000 + index}`,
      agent: `http://127.0.0.1:${9_000 + index}`,
      agentKey: id.padEnd(43, "A"),
      client: "fake",
      signer: signerOf(id),
    })),
    roles: [{ name: ROLE, members: ids, leaseSeconds: 10, mode: "auto" }],
    policies: { watch: options.watch ?? {}, failover: options.failover ?? {}, prediction: options.prediction ?? {} },
    ...(options.scaling === undefined ? {} : { scaling: options.scaling }),
  });
}

export const signerOf = (id: string): string => `0x${createHash("sha256").update(id).digest("hex").slice(0, 40)}`;
export const hashOf = (...parts: (string | number)[]): string => `0x${createHash("sha256").update(parts.join("|")).digest("hex")}`;
