/** Stories of backups that need no fleet: a chain that is rewritten below what is stored, and a passphrase that is another. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../adapters/clock-system.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import { evmLedger } from "../../adapters/ledger-evm.ts";
import { newSigningKey, publicKeyOf } from "../../adapters/signature-ed25519.ts";
import { backupLedger } from "../../adapters/vault/backup-ledger.ts";
import { makeVault } from "../../adapters/vault/keyrings.ts";
import { labourInPlace } from "../../adapters/vault/labour.ts";
import type { LedgerBackedUp } from "../../adapters/vault/ledger-order.ts";
import { restoreDirectory } from "../../adapters/vault/restore-directory.ts";
import { openFolderVault } from "../../adapters/vault-folder.ts";
import { runVault } from "../../cli/vault/program.ts";
import { SourceName, Writer } from "../../core/backup/vault/manifest.ts";
import { freePort } from "../emulator/port.ts";
import { anvilProcess } from "../network/anvil.ts";
import { jsonRpc, READ_MS_MAX } from "../network/json-rpc.ts";
import { waitFor } from "../wait-for.ts";
import type { Stage, Story } from "./story.ts";

const GENESIS_S = 1_700_000_000;
const REQUEST_MS = 10_000;
const PACE = { lagBlocksMax: 5, latencyMsMax: 1_000, concurrencyMax: 4, waitMsMin: 10, waitMsMax: 100 };

async function within<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "synnergy-story-"));
  return await work(folder).finally(() => rm(folder, { recursive: true, force: true }));
}

/** A chain of its own, made and rewritten at will. */
async function withChain<T>(
  { rehearsal }: Stage,
  work: (chain: { url: string; rpc: ReturnType<typeof jsonRpc>; mine(count: number, fromS: number): Promise<void> }) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const spec = anvilProcess({ id: "rewritten-chain", rpcPort: port, genesisTime: GENESIS_S });
  await rehearsal.processes.start(spec);
  const rpc = jsonRpc(port);
  try {
    await waitFor("the chain's node to answer", REQUEST_MS, () =>
      rpc.call("eth_chainId", [], READ_MS_MAX).then(
        () => true,
        () => false,
      ),
    );
    const mine = async (count: number, fromS: number): Promise<void> => {
      for (let block = 0; block < count; block += 1) {
        await rpc.call("evm_setNextBlockTimestamp", [fromS + block], READ_MS_MAX);
        await rpc.call("evm_mine", [], READ_MS_MAX);
      }
    };
    return await work({ url: `http://127.0.0.1:${port}`, rpc, mine });
  } finally {
    rpc.close();
    await rehearsal.processes.stop(spec.name);
  }
}

export const reorgBelowBase: Story = {
  name: "reorg-below-base",
  about: "a chain is rewritten below what was backed up as final: the next backup begins a new base, and both restore",
  reorganisationBlocksMax: 2,
  run: (stage) =>
    within((folder) =>
      withChain(stage, async ({ url, rpc, mine }) => {
        const clock = systemClock();
        const entropy = systemEntropy();
        const store = await openFolderVault(join(folder, "vault"));
        const vault = await makeVault({ store, clock, entropy }, [
          { name: "passphrase", by: { kind: "passphrase", passphrase: randomBytes(16), kdf: "scrypt" } },
        ]);
        const privateKey = newSigningKey();
        const given = { store, vault, labour: labourInPlace(vault.keyring), clock, entropy, privateKey, trust: () => [publicKeyOf(privateKey)] };
        const backUp = async (): Promise<LedgerBackedUp> => {
          const ledger = evmLedger({ url, finality: { kind: "depth", blocks: 2 } });
          const chain = { genesisHash: `0x${"0".repeat(64)}`, client: "anvil", clientVersion: "" } as const;
          const order = {
            source: SourceName.parse("chain.ledger"),
            writer: Writer.parse("story"),
            node: null,
            newestKnown: 0,
            verified: [],
            program: "story",
          };
          const reading = {
            ledger,
            second: null,
            chain,
            blocksPerSegment: 8,
            segmentsMax: 100,
            lagBlocks: async () => 0,
            pace: PACE,
            requestMs: REQUEST_MS,
          };
          return await backupLedger(given, { ...order, ...reading }).finally(() => ledger.close());
        };
        await mine(40, GENESIS_S + 100);
        const before = await backUp();
        await rpc.call("anvil_rollback", [21], READ_MS_MAX);
        await mine(30, GENESIS_S + 5_000);
        const after = await backUp();
        stage.expect("the rewriting was noticed and said", /finality was broken|another chain/.test(after.base), after.base);
        stage.expect("what lies below it was not read again", after.segments < 7, `${after.segments} segments read`);
        for (const { manifest } of [before, after]) {
          const target = join(folder, `restored-${manifest.sequence}`);
          const { files } = await restoreDirectory({ stores: [store], keyring: vault.keyring, labour: given.labour }, manifest, target);
          stage.expect(`backup ${manifest.sequence} restores, each segment verified`, files === manifest.counts.files, `${files} segments`);
        }
      }),
    ),
};

export const wrongPassphrase: Story = {
  name: "wrong-passphrase",
  about: "a vault is asked with another passphrase than its own: it says so by name, and nothing is written or restored",
  reorganisationBlocksMax: 2,
  run: (stage) =>
    within(async (folder) => {
      const [source, right, wrong] = [join(folder, "source"), join(folder, "right"), join(folder, "wrong")];
      await mkdir(source);
      await writeFile(join(source, "ledger"), randomBytes(100_000));
      await writeFile(right, "correct horse battery staple\n");
      await writeFile(wrong, "Correct horse battery staple\n");
      const vault = async (passphrase: string, ...args: string[]): Promise<{ code: number; said: string }> => {
        let said = "";
        const out = { write: (text: string) => (said += text) };
        const code = await runVault([...args, "--vault", join(folder, "vault"), "--passphrase-file", passphrase, "--json"], { out, err: out });
        return { code, said };
      };
      stage.expect(
        "a vault was made and written",
        (await vault(right, "init")).code === 0 && (await vault(right, "backup", source)).code === 0,
        "both",
      );
      for (const args of [["backup", source], ["restore", join(folder, "target")], ["verify"], ["list"]]) {
        const { code, said } = await vault(wrong, ...args);
        stage.expect(`${args[0]} is refused by name`, code !== 0 && said.includes("KeyUnknown"), said.slice(0, 160));
      }
      const { said } = await vault(right, "list");
      stage.expect("nothing was written under the wrong one", (JSON.parse(said) as { backups: unknown[] }).backups.length === 1, said.slice(0, 80));
      stage.expect("the right one restores", (await vault(right, "restore", join(folder, "target"))).code === 0, "restored");
    }),
};
