/**
 * A real client (anvil) with a short chain that has transactions of the types 0, 1, 2 and 4, contracts made and called, logs, failures,
 * an empty block and one with more transactions than a byte's worth of trie keys. Mines when told, on a port of its own.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { privateKeyToAccount } from "viem/accounts";
import { anvilBinary } from "../../localstack/network/anvil.ts";
import { noise } from "./noise.ts";

export const CHAIN_ID = 31_337;
/** Of every node, or two that start in different seconds would share no block at all. */
const GENESIS_S = 1_700_000_000;
/** Anvil's first account: known to everybody, worth nothing. */
const account = privateKeyToAccount("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
/** More than 127 and 255, where the keys of the transactions' trie grow by a byte each. */
export const CROWD = 300;

type Hex = `0x${string}`;
export type LedgerNode = { readonly url: string; rpc(method: string, params: readonly unknown[]): Promise<unknown>; close(): Promise<void> };

export async function startLedgerNode(): Promise<LedgerNode> {
  const where = ["--port", "0", "--host", "127.0.0.1"];
  const chain = ["--chain-id", String(CHAIN_ID), "--timestamp", String(GENESIS_S), "--hardfork", "prague"];
  const args = [...where, ...chain, "--no-mining", "--order", "fifo"];
  const anvil = spawn(anvilBinary(), args, { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise<string>((resolve, reject) => {
    let text = "";
    anvil.once("error", reject);
    anvil.once("exit", (code) => reject(new Error(`anvil ended with ${code}`)));
    anvil.stdout.on("data", (part: Buffer) => {
      text += part.toString();
      const found = /Listening on (127\.0\.0\.1:\d+)/.exec(text);
      if (found) resolve(`http://${found[1]}`);
    });
  });
  const rpc = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const { result, error } = (await response.json()) as { result: unknown; error?: { message: string } };
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  const close = async (): Promise<void> => {
    const gone = new Promise((resolve) => anvil.once("exit", resolve));
    anvil.kill("SIGKILL");
    await gone;
  };
  return { url, rpc, close };
}

/** Timestamps are given, so that two nodes that are told the same make the same blocks. */
export async function mineAt({ rpc }: LedgerNode, count: number, firstSecond: number): Promise<void> {
  for (let block = 0; block < count; block += 1) await rpc("evm_mine", [`0x${(firstSecond + block).toString(16)}`]);
}

/** Copies what follows it, and answers with it: a contract of exactly `runtime`. */
function creationOf(runtime: string): Hex {
  const length = (runtime.length / 2).toString(16).padStart(2, "0");
  return `0x60${length}600c60003960${length}6000f3${runtime}`;
}
/** MSTORE 1; LOG2 of the word with two topics. */
const EMITS = `60016000527f${"ab".repeat(32)}7f${"cd".repeat(32)}60206000a200`;
const REVERTS = "60006000fd";
const FEES = { maxFeePerGas: 3_000_000_000n, maxPriorityFeePerGas: 1n, gas: 200_000n } as const;

type Signable = Parameters<typeof account.signTransaction>[0];

/** Six blocks: creations, calls and failures, type 4, nothing, a crowd, one more. */
export async function populate({ rpc }: LedgerNode): Promise<void> {
  let nonce = 0;
  const send = async (transaction: Omit<Signable, "nonce">): Promise<string> => {
    nonce += 1;
    return signAndSend(rpc, { ...transaction, nonce: nonce - 1 } as Signable);
  };
  const mine = () => rpc("evm_mine", []);
  const made = async (hash: string): Promise<Hex> => ((await rpc("eth_getTransactionReceipt", [hash])) as { contractAddress: Hex }).contractAddress;
  const chain = { chainId: CHAIN_ID } as const;

  const emitting = await send({ ...chain, type: "legacy", gasPrice: 3_000_000_000n, gas: 200_000n, data: creationOf(EMITS) });
  const reverting = await send({ ...chain, ...FEES, type: "eip1559", data: creationOf(REVERTS) });
  await mine();
  const [emitter, reverter] = [await made(emitting), await made(reverting)];

  const accessList = [{ address: emitter, storageKeys: [`0x${"01".repeat(32)}` as Hex] }];
  await send({ type: "legacy", gasPrice: 3_000_000_000n, gas: 200_000n, to: emitter });
  await send({ ...chain, type: "eip2930", gasPrice: 3_000_000_000n, gas: 200_000n, to: emitter, value: 0n, accessList });
  await send({ ...chain, ...FEES, type: "eip1559", to: reverter, data: "0x1234", accessList });
  await mine();

  const authorization = await account.signAuthorization({ address: emitter, chainId: CHAIN_ID, nonce: nonce + 1 });
  await send({ ...chain, ...FEES, type: "eip7702", to: account.address, authorizationList: [authorization] });
  await mine();
  await mine();

  nonce += 1;
  for (let index = 0; index < CROWD; index += 1)
    await send({ ...chain, ...FEES, gas: 60_000n, type: "eip1559", to: index % 7 === 0 ? emitter : `0x${"99".repeat(20)}`, value: 0n });
  await mine();
  await mine();
}

/** One more block, of 700 kB that repeat nowhere: a segment with it has more chunks than stand in a listing. */
export async function addBulk({ rpc }: LedgerNode, seed: string): Promise<void> {
  for (let index = 0; index < 7; index += 1) {
    const data = `0x${noise(`${seed} ${index}`, 100_000).toString("hex")}`;
    await rpc("eth_sendTransaction", [{ from: account.address, to: account.address, gas: "0x3f0000", gasPrice: "0xb2d05e00", data }]);
  }
  await rpc("evm_mine", []);
}

/** One more block, with a transaction of type 3. Its blob is of zeros: the commitment and the proof are the point at infinity, and no setup is needed. */
export async function addBlob({ rpc }: LedgerNode): Promise<void> {
  const infinity = `0xc0${"00".repeat(47)}` as Hex;
  const digest = createHash("sha256")
    .update(Buffer.from(infinity.slice(2), "hex"))
    .digest("hex");
  const sidecars = [{ blob: `0x${"00".repeat(131_072)}` as Hex, commitment: infinity, proof: infinity }];
  const nonce = Number(await rpc("eth_getTransactionCount", [account.address, "latest"]));
  const blob = { maxFeePerBlobGas: 10n ** 9n, blobVersionedHashes: [`0x01${digest.slice(2)}` as Hex], sidecars };
  await signAndSend(rpc, { ...FEES, ...blob, chainId: CHAIN_ID, type: "eip4844", to: account.address, nonce } as Signable);
  await rpc("evm_mine", []);
}

async function signAndSend(rpc: LedgerNode["rpc"], transaction: Signable): Promise<string> {
  return (await rpc("eth_sendRawTransaction", [await account.signTransaction(transaction)])) as string;
}
