/** A backup world beside a real chain: four doors before one node, any of which may lie, and a scratch node that says what a test lets it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { evmNodes } from "../../adapters/node-evm.ts";
import { openOrMakeFleetKeyring } from "../../adapters/vault/fleet-keyring.ts";
import { labourInPlace } from "../../adapters/vault/labour.ts";
import type { ChainPoint } from "../../core/backup/vault/manifest.ts";
import { JobResult, type ScratchView } from "../../core/kernel/vault-job.ts";
import type { DrillStep } from "../../functions/backup/drilling/step.ts";
import { backupWorld, HOME } from "./backup-world.ts";
import type { LedgerNode } from "./ledger-node.ts";
import { honest, type Lie, type LyingNode, lieOf, startLyingNode } from "./lying-node.ts";
import { noise } from "./noise.ts";
import { backUpWith } from "./vault.ts";

type Block = { readonly number: string; readonly hash: string; readonly timestamp: string };
export type DrillWorld = Awaited<ReturnType<typeof drillWorld>>;

export async function drillWorld(node: LedgerNode, folder: string, drill: Record<string, unknown> = {}) {
  const doors: LyingNode[] = [];
  for (let number = 1; number <= 4; number += 1) doors.push(await startLyingNode(node.url));
  const nodes = evmNodes({ region: HOME, finality: { kind: "depth", blocks: 1 } });
  const of = backupWorld({
    backups: { drill: { node: "n3", catchUpBlocks: 2, catchUpSeconds: 60, ...drill } },
    rpc: (id) => doors[Number(id.slice(1)) - 1]?.url ?? "http://127.0.0.1:9",
    probe: nodes.probe,
  });
  const blockAt = async (height: number | "latest"): Promise<{ height: number; hash: string; timestampS: number }> => {
    const tag = height === "latest" ? height : `0x${height.toString(16)}`;
    const { number, hash, timestamp } = (await node.rpc("eth_getBlockByNumber", [tag, false])) as Block;
    return { height: Number(number), hash, timestampS: Number(timestamp) };
  };
  const genesis = (await blockAt(0)).hash;
  const vault = await openOrMakeFleetKeyring(of.vault, of.world);
  const agent = of.agent("n3");
  return {
    ...of,
    blockAt,
    /** Fleet files say which chain it is; this one's is the node's. */
    world: { ...of.world, fleet: { ...of.fleet, chain: { ...of.fleet.chain, chainId: 31_337, genesisHash: genesis } } },
    jobs: agent.jobs,
    lie: (id: string, change: Lie) => doors[Number(id.slice(1)) - 1]?.lie(change),
    lieOf,
    honest,
    /** A backup of a node at a height; with `isCopied` in the other Region too. */
    async backUp(id: "n1" | "n2", { height = 0, isCopied = true }: { height?: number; isCopied?: boolean } = {}): Promise<void> {
      const source = join(folder, id);
      mkdirSync(source, { recursive: true });
      await of.clock.sleep(1_000);
      writeFileSync(join(source, "state"), noise(`${id} ${of.clock.wallMs()}`, 50_000));
      const chain: ChainPoint = {
        protocol: "evm",
        chainId: 31_337,
        genesisHash: genesis,
        height,
        blockHash: (await blockAt(height)).hash,
        stateRoot: null,
        client: "anvil",
        clientVersion: "",
      };
      const given = { vault, labour: labourInPlace(vault.keyring) };
      await backUpWith(given, of.vault.within(HOME), source, { node: id, clock: of.clock, chain });
      if (isCopied) await of.vault.replicate("us-west-2");
    },
    /** The scratch node at `head`, with the chain's own hashes but for those that `other` says. */
    boot(head: () => number, other: { chainId?: number; hashes?: Record<number, string> } = {}): void {
      agent.jobs.scratch = async (heights): Promise<ScratchView> => {
        const { height, hash, timestampS } = await blockAt(head());
        const had = heights.filter((each) => each <= height);
        const hashes = await Promise.all(had.map(async (each) => ({ height: each, hash: other.hashes?.[each] ?? (await blockAt(each)).hash })));
        return { state: "answering", reason: "", chainId: other.chainId ?? 31_337, head: { height, hash, timestampS }, hashes };
      };
    },
    close: async () => {
      nodes.close();
      for (const door of doors) await door.close();
    },
  };
}

export const restored = (bytes = 50_000): JobResult => JobResult.parse({ kind: "restore", folder: "/scratch", files: 1, bytes, tookMs: 4_000 });

/** As Step Functions hands on what a state threw. */
export const caught = (step: DrillStep, error: Error): DrillStep => ({
  ...step,
  error: { Error: error.name, Cause: JSON.stringify({ errorMessage: error.message }) },
});
