/**
 * A block against its own header, and the header against the hash that somebody trusts: hash, ommers, transactions,
 * receipts, bloom, gas, withdrawals. What passes is, under keccak's collision resistance, the block of that hash and no
 * other; who vouches for the hash is the caller's to say.
 */
import type { LedgerBlock } from "./block.ts";
import { hexOf, keccak, sameBytes } from "./bytes.ts";
import { failed, type LedgerCheck, type LedgerFailure } from "./failure.ts";
import { decodeHeader, type Header } from "./header.ts";
import { bloomOf, bloomsUnited, encodeReceipt } from "./receipt.ts";
import { decodeRlp, encodeRlp } from "./rlp.ts";
import { readEnvelope } from "./transaction.ts";
import { orderedTrieRoot } from "./trie.ts";

/** `hash`: what is trusted, or claimed, to be this block's; null where nobody says, and then the block is only consistent. */
export type BlockExpectation = { readonly chainId: number; readonly height: number; readonly hash: string | null };
/** `stateRoot` is the header's word, and as good as its hash: no state is here to hold it against. */
export type VerifiedBlock = {
  readonly kind: "verified";
  readonly height: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly stateRoot: string;
};

export function verifyBlock(block: LedgerBlock, expected: BlockExpectation): VerifiedBlock | LedgerFailure {
  const { height } = expected;
  const decoded = decodeHeader(block.header);
  const hash = hexOf(keccak(block.header));
  // Bytes of another hash than the trusted one are another block, or damaged: what their fields say is beside the point.
  if (expected.hash !== null && hash !== expected.hash)
    return headerFailure(block, expected, decoded.kind === "header" ? decoded.header.height : null);
  if (decoded.kind === "refused") return failed("header-fields", height, decoded.reason);
  const { header } = decoded;
  if (header.height !== height) return failed("height", height, `its header says ${header.height}`);
  const fault =
    ommersFault(block, header) ??
    transactionsFault(block, header, expected.chainId) ??
    receiptsFault(block, header) ??
    withdrawalsFault(block, header);
  if (fault !== null) return failed(fault.check, height, fault.reason);
  return { kind: "verified", height, hash, parentHash: hexOf(header.parentHash), stateRoot: hexOf(header.stateRoot) };
}

type Fault = { readonly check: LedgerCheck; readonly reason: string };

function headerFailure({ header }: LedgerBlock, { height, hash }: BlockExpectation, found: number | null): LedgerFailure {
  if (found !== null && found !== height) return failed("height", height, `its header says ${found}`);
  return failed("header-hash", height, `its header hashes to ${hexOf(keccak(header))}, expected ${hash}`);
}

function rootFault(check: LedgerCheck, what: string, root: Uint8Array, values: readonly Uint8Array[]): Fault | null {
  const computed = orderedTrieRoot(values);
  if (sameBytes(computed, root)) return null;
  return { check, reason: `its ${values.length} ${what} have the root ${hexOf(computed)}, its header has ${hexOf(root)}` };
}

function ommersFault({ ommers }: LedgerBlock, { ommersHash }: Header): Fault | null {
  const items = ommers.map(decodeRlp);
  const broken = items.find((item) => item.kind === "malformed");
  if (broken) return { check: "ommers-hash", reason: `an ommer is no header: ${broken.reason}` };
  const computed = keccak(encodeRlp(items.map((decoded) => (decoded.kind === "item" ? decoded.item : []))));
  if (sameBytes(computed, ommersHash)) return null;
  return { check: "ommers-hash", reason: `its ${ommers.length} ommers hash to ${hexOf(computed)}, its header has ${hexOf(ommersHash)}` };
}

function transactionsFault({ transactions }: LedgerBlock, header: Header, chainId: number): Fault | null {
  const fault = rootFault("transactions-root", "transactions", header.transactionsRoot, transactions);
  if (fault) return fault;
  for (const [index, bytes] of transactions.entries()) {
    const envelope = readEnvelope(bytes);
    if (envelope.kind !== "envelope") {
      const check = envelope.kind === "unknown-type" ? "transaction-type" : "malformed";
      return { check, reason: `transaction ${index} cannot be read: ${envelope.reason}` };
    }
    if (envelope.chainId !== null && envelope.chainId !== BigInt(chainId)) {
      return { check: "chain-id", reason: `transaction ${index} was signed for chain ${envelope.chainId}, this is ${chainId}` };
    }
  }
  return null;
}

function receiptsFault({ receipts }: LedgerBlock, header: Header): Fault | null {
  const blooms = receipts.map(({ logs }) => bloomOf(logs));
  const encoded = receipts.map((receipt, index) => encodeReceipt(receipt, blooms[index] ?? bloomOf(receipt.logs)));
  const fault = rootFault("receipts-root", "receipts", header.receiptsRoot, encoded);
  if (fault) return fault;
  if (!sameBytes(bloomsUnited(blooms), header.logsBloom)) return { check: "bloom", reason: "its logs make another bloom filter than its header has" };
  let spent = 0n;
  for (const [index, { cumulativeGas }] of receipts.entries()) {
    if (cumulativeGas < spent) return { check: "cumulative-gas", reason: `it falls from ${spent} to ${cumulativeGas} at receipt ${index}` };
    spent = cumulativeGas;
  }
  return spent > header.gasUsed ? { check: "cumulative-gas", reason: `it ends at ${spent}, its header says ${header.gasUsed}` } : null;
}

function withdrawalsFault({ withdrawals }: LedgerBlock, { withdrawalsRoot }: Header): Fault | null {
  if (withdrawals !== null && withdrawalsRoot !== null) return rootFault("withdrawals-root", "withdrawals", withdrawalsRoot, withdrawals);
  if (withdrawals === null && withdrawalsRoot === null) return null;
  return { check: "withdrawals-root", reason: `its header has ${withdrawalsRoot === null ? "no" : "a"} root of withdrawals, it has the contrary` };
}
