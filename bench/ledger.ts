/**
 * How fast a ledger is read, verified and stored from one real node, by one function's worth of a process: every header re-hashed, every
 * transaction's and receipt's root recomputed. The second run shows what a backup costs when only the newest blocks are new.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../adapters/clock-system.ts";
import { systemEntropy } from "../adapters/entropy-system.ts";
import { evmLedger } from "../adapters/ledger-evm.ts";
import { newSigningKey, publicKeyOf } from "../adapters/signature-ed25519.ts";
import { backupLedger } from "../adapters/vault/backup-ledger.ts";
import { makeVault } from "../adapters/vault/keyrings.ts";
import { labourInPlace } from "../adapters/vault/labour.ts";
import { openFolderVault } from "../adapters/vault-folder.ts";
import { SourceName, Writer } from "../core/backup/vault/manifest.ts";
import { withChain } from "./backup/chain.ts";
import { remove } from "./backup/programs.ts";
import { type Bench, spread } from "./bench.ts";

const RUNS = 5;
const BLOCKS = 2_048;
const BLOCKS_PER_SEGMENT = 128;
const TRANSACTIONS_PER_BLOCK = 10;
const REQUEST_MS = 30_000;
const PACE = { lagBlocksMax: 100, latencyMsMax: 5_000, concurrencyMax: 8, waitMsMin: 10, waitMsMax: 100 };

export const ledger: Bench = {
  name: "ledger",
  async run({ runs = RUNS, say }) {
    const folder = mkdtempSync(join(tmpdir(), "synnergy-ledger-bench-"));
    try {
      return await withChain(folder, { blocks: BLOCKS, transactionsPerBlock: TRANSACTIONS_PER_BLOCK }, async ({ url, mine }) => {
        const perSecond: number[] = [];
        let sourceBytes = 0;
        let storedBytes = 0;
        for (let round = 1; round <= runs; round += 1) {
          const backUp = await fresh(join(folder, `vault-${round}`), url);
          const from = performance.now();
          const { manifest, segments } = await backUp();
          const seconds = (performance.now() - from) / 1_000;
          perSecond.push(segments / seconds);
          ({ sourceBytes, storedBytes } = manifest.counts);
          say(`round ${round}: ${segments} segments of ${BLOCKS_PER_SEGMENT} blocks in ${seconds.toFixed(2)} s`);
          if (round < runs) continue;
          await mine(BLOCKS_PER_SEGMENT);
          const againMs = performance.now();
          const again = await backUp();
          say(`then ${again.segments} segments in ${Math.round(performance.now() - againMs)} ms`);
        }
        const rate = spread(perSecond);
        return {
          figures: {
            "segments a second from one node": { median: rate.median, min: rate.min, max: rate.max },
            "blocks a second": Math.round(rate.median * BLOCKS_PER_SEGMENT),
            "transactions a second, each with its receipt": Math.round(rate.median * BLOCKS_PER_SEGMENT * TRANSACTIONS_PER_BLOCK),
            segment: `${BLOCKS_PER_SEGMENT} blocks of ${TRANSACTIONS_PER_BLOCK} transactions`,
            "ledger to vault": `${Math.round(sourceBytes / 1_024)} KiB to ${Math.round(storedBytes / 1_024)} KiB`,
          },
          pass: true,
        };
      });
    } finally {
      remove(folder);
    }
  },
};

async function fresh(folder: string, url: string) {
  const clock = systemClock();
  const entropy = systemEntropy();
  const store = await openFolderVault(folder);
  const vault = await makeVault({ store, clock, entropy }, [
    { name: "passphrase", by: { kind: "passphrase", passphrase: randomBytes(16), kdf: "scrypt" } },
  ]);
  const privateKey = newSigningKey();
  const given = { store, vault, labour: labourInPlace(vault.keyring), clock, entropy, privateKey, trust: () => [publicKeyOf(privateKey)] };
  const order = {
    source: SourceName.parse("bench.ledger"),
    writer: Writer.parse("bench"),
    node: null,
    newestKnown: 0,
    verified: [],
    program: "bench",
  };
  const chain = { genesisHash: `0x${"0".repeat(64)}`, client: "anvil", clientVersion: "" } as const;
  return async () => {
    const reader = evmLedger({ url, finality: { kind: "depth", blocks: 1 } });
    const reading = {
      ledger: reader,
      second: null,
      chain,
      blocksPerSegment: BLOCKS_PER_SEGMENT,
      segmentsMax: 1_000,
      lagBlocks: async () => 0,
      pace: PACE,
      requestMs: REQUEST_MS,
    };
    return await backupLedger(given, { ...order, ...reading }).finally(() => reader.close());
  };
}
