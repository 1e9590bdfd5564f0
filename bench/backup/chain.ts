/** A real node with as long a chain as is asked for, and its state as a file, for benches of ledgers and restores. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { freePort } from "../../localstack/emulator/port.ts";
import { anvilProcess } from "../../localstack/network/anvil.ts";
import { type JsonRpc, jsonRpc, READ_MS_MAX } from "../../localstack/network/json-rpc.ts";
import { openProcesses, type Processes } from "../../localstack/processes/open-processes.ts";
import { waitFor } from "../../localstack/wait-for.ts";

const GENESIS_S = 1_700_000_000;
const START_MS = 60_000;
const BATCH = 50;

export type BenchChain = {
  readonly url: string;
  readonly rpc: JsonRpc;
  readonly processes: Processes;
  /** So many further blocks, each with its transactions. */
  mine(blocks: number): Promise<void>;
  /** The node's state, as its data directory would hold it. */
  dump(folder: string): Promise<void>;
  /** A second node on a dumped state; answers how long it took until it answered, and its head. */
  boot(state: string): Promise<{ ms: number; height: number; hash: string }>;
};

export async function withChain<T>(
  folder: string,
  { blocks, transactionsPerBlock }: { blocks: number; transactionsPerBlock: number },
  work: (chain: BenchChain) => Promise<T>,
): Promise<T> {
  const processes = await openProcesses({ folder: join(folder, "processes") });
  const port = await freePort();
  const rpc = jsonRpc(port);
  try {
    await processes.start(anvilProcess({ id: "chain", rpcPort: port, genesisTime: GENESIS_S }));
    await answering(rpc);
    const [from] = (await rpc.call("eth_accounts", [], READ_MS_MAX)) as string[];
    let nextS = GENESIS_S + 1;
    const mine = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 1) {
        const sends = Array.from(
          { length: transactionsPerBlock },
          (_, index) => ["eth_sendTransaction", [{ from, to: addressOf(nextS * 100 + index), value: "0x1" }]] as const,
        );
        for (let start = 0; start < sends.length; start += BATCH)
          await rpc.batch(
            sends.slice(start, start + BATCH).map(([method, params]) => [method, [...params]]),
            READ_MS_MAX * 10,
          );
        await rpc.call("evm_setNextBlockTimestamp", [nextS], READ_MS_MAX);
        await rpc.call("evm_mine", [], READ_MS_MAX * 10);
        nextS += 1;
      }
    };
    await mine(blocks);
    return await work({
      url: `http://127.0.0.1:${port}`,
      rpc,
      processes,
      mine,
      async dump(target) {
        const dumped = (await rpc.call("anvil_dumpState", [], START_MS)) as string;
        writeFileSync(join(target, "state.json"), gunzipSync(Buffer.from(dumped.slice(2), "hex")));
      },
      boot: (state) => boot(processes, state),
    });
  } finally {
    rpc.close();
    await processes.close();
  }
}

async function boot(processes: Processes, state: string): Promise<{ ms: number; height: number; hash: string }> {
  const port = await freePort();
  const rpc = jsonRpc(port);
  const spec = anvilProcess({ id: "booted", rpcPort: port, genesisTime: GENESIS_S });
  const from = performance.now();
  try {
    await processes.start({ ...spec, args: [...spec.args, "--load-state", state] });
    await answering(rpc);
    const { number, hash } = (await rpc.call("eth_getBlockByNumber", ["latest", false], READ_MS_MAX)) as { number: string; hash: string };
    return { ms: performance.now() - from, height: Number(number), hash };
  } finally {
    rpc.close();
    await processes.stop(spec.name);
  }
}

const addressOf = (number: number): string => `0x${number.toString(16).padStart(40, "0")}`;

async function answering(rpc: JsonRpc): Promise<void> {
  await waitFor("the node to answer", START_MS, () =>
    rpc.call("eth_chainId", [], READ_MS_MAX).then(
      () => true,
      () => false,
    ),
  );
}
