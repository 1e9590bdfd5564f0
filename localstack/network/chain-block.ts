/** A node's JSON for a block, parsed once. Raw transactions are asked for apart, since no node sends them with the block. */
import * as z from "zod";
import { Address, Hash } from "../../core/kernel/ids.ts";
import type { ChainBlock } from "./block-tree.ts";

const Quantity = z.string().regex(/^0x[0-9a-f]+$/);
const whole = Quantity.transform(Number).pipe(z.int().min(0));
const large = Quantity.transform(BigInt);

const Header = z.object({
  hash: Hash,
  parentHash: Hash,
  number: whole,
  timestamp: whole,
  miner: Address,
  baseFeePerGas: large,
  gasUsed: large,
  gasLimit: large,
  /** Hashes, or whole transactions: depends on how the block was asked for. */
  transactions: z.array(z.union([Hash, z.object({ hash: Hash })])).max(10_000),
});

export type ParsedBlock = { readonly block: ChainBlock; readonly transactionHashes: readonly string[] };

/** One second a slot: the slot is what the timestamp says since genesis. */
export function parseBlock(json: unknown, genesisTime: number): ParsedBlock {
  const header = Header.parse(json);
  const block: ChainBlock = {
    height: header.number,
    hash: header.hash,
    parentHash: header.parentHash,
    timestampS: header.timestamp,
    slot: header.timestamp - genesisTime,
    signer: header.miner,
    baseFeePerGas: header.baseFeePerGas,
    gasUsed: header.gasUsed,
    gasLimit: header.gasLimit,
    transactions: [],
  };
  return { block, transactionHashes: header.transactions.map((one) => (typeof one === "string" ? one : one.hash)) };
}
