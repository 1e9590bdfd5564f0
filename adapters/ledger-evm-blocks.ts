/**
 * A few consecutive blocks of one node, whole: headers, transactions, receipts, withdrawals, ommers. Blocks and receipts
 * come in one request; where that is too large it is halved, down to one block; where the node has no receipts by block,
 * they are asked for one by one. What the node says of itself (hashes, order, number) is held against it here; what its
 * roots say is `verifySegment`'s.
 */
import type { LedgerBlock } from "../core/backup/ledger/block.ts";
import type { LedgerFailure } from "../core/backup/ledger/failure.ts";
import { type PackedBlock, packBlock } from "../core/backup/ledger/segment.ts";
import { type ReadBlock, readBlockBody, readHeader, readReceipts } from "./ledger-evm-block.ts";
import { type Answers, type AskOptions, erred, fault, hexHeight, isMethodMissing, type LedgerCalls, type LedgerFault } from "./ledger-evm-calls.ts";
import type { Call } from "./node-evm-reply.ts";

/**
 * The worst block of 100 million gas, as JSON: two digits a byte, receipts beside it. As many of these as requests at once may
 * be in memory; a chain with larger blocks is read with a higher limit and fewer requests.
 */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
/** Receipts of one block's transactions, asked for one by one. */
const RECEIPTS_PER_REQUEST = 100;

export type BlocksRead = { readonly kind: "blocks"; readonly blocks: readonly PackedBlock[]; readonly slowestMs: number };
export type BlocksOptions = AskOptions & { readonly answerBytesMax?: number };
type Heights = { readonly from: number; readonly to: number };
type Refused = LedgerFault | LedgerFailure;

export async function readBlocks(calls: LedgerCalls, { from, to }: Heights, options: BlocksOptions): Promise<BlocksRead | Refused> {
  const heights = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const questions = heights.flatMap((height) => questionsAt(height, calls.receiptsByBlock));
  const answers = await calls.ask(questions, { ...options, bytesMax: options.answerBytesMax ?? ANSWER_BYTES_MAX });
  if (answers.kind !== "answers") {
    if (answers.oversize && to > from) return readHalves(calls, { from, to }, options);
    return { ...answers, height: to > from ? null : from };
  }
  const perHeight = questions.length / heights.length;
  const blocks: PackedBlock[] = [];
  let slowestMs = answers.latencyMs;
  for (const [index, height] of heights.entries()) {
    const read = await readBlock(calls, answers, { height, at: index * perHeight, withReceipts: perHeight === 2 }, options);
    if (read.kind !== "read") return read;
    blocks.push(read.block);
    slowestMs = Math.max(slowestMs, read.slowestMs);
  }
  return { kind: "blocks", blocks, slowestMs };
}

function questionsAt(height: number, withReceipts: boolean): Call[] {
  const block = { method: "eth_getBlockByNumber", params: [hexHeight(height), true] };
  return withReceipts ? [block, { method: "eth_getBlockReceipts", params: [hexHeight(height)] }] : [block];
}

/** One after the other: a node that answers too much is not asked for two at once. */
async function readHalves(calls: LedgerCalls, { from, to }: Heights, options: BlocksOptions): Promise<BlocksRead | Refused> {
  const middle = Math.floor((from + to) / 2);
  const lower = await readBlocks(calls, { from, to: middle }, options);
  if (lower.kind !== "blocks") return lower;
  const upper = await readBlocks(calls, { from: middle + 1, to }, options);
  if (upper.kind !== "blocks") return upper;
  return { kind: "blocks", blocks: [...lower.blocks, ...upper.blocks], slowestMs: Math.max(lower.slowestMs, upper.slowestMs) };
}

type Place = { readonly height: number; readonly at: number; readonly withReceipts: boolean };
type OneRead = { readonly kind: "read"; readonly block: PackedBlock; readonly slowestMs: number };

async function readBlock(calls: LedgerCalls, answers: Answers, place: Place, options: BlocksOptions): Promise<OneRead | Refused> {
  const { height, at } = place;
  const error = answers.errorOf(at);
  if (error) return erred("the node refuses the block", height, error);
  const told = answers.of(at);
  if (told === null || told === undefined) return fault("absent", height, "the node has no such block");
  const body = readBlockBody(told, height);
  if (body.kind === "failed") return body;
  const receipts = await receiptsOf(calls, answers, place, body, options);
  if (receipts.kind !== "told") return receipts;
  const read = readReceipts(
    receipts.values,
    body.transactions.map(({ hash }) => hash),
    height,
  );
  if (read.kind === "failed") return read;
  const ommers = await ommersOf(calls, body, height, options);
  if (ommers.kind !== "told") return ommers;
  const block: LedgerBlock = {
    header: body.header,
    transactions: body.transactions.map(({ bytes }) => bytes),
    receipts: read.receipts,
    withdrawals: body.withdrawals,
    ommers: ommers.values,
  };
  const packed = packBlock(block, height);
  return packed.kind === "failed" ? packed : { kind: "read", block: packed, slowestMs: Math.max(receipts.slowestMs, ommers.slowestMs) };
}

type Told<T> = { readonly kind: "told"; readonly values: readonly T[]; readonly slowestMs: number };

async function receiptsOf(
  calls: LedgerCalls,
  answers: Answers,
  place: Place,
  body: ReadBlock,
  options: BlocksOptions,
): Promise<Told<unknown> | Refused> {
  const error = place.withReceipts ? answers.errorOf(place.at + 1) : undefined;
  if (error && isMethodMissing(error)) calls.receiptsByBlock = false;
  else if (error) return erred("the node refuses its receipts", place.height, error);
  if (body.transactions.length === 0) return { kind: "told", values: [], slowestMs: 0 };
  if (!place.withReceipts || error) return receiptsOneByOne(calls, body, place.height, options);
  const told = answers.of(place.at + 1);
  if (Array.isArray(told)) return { kind: "told", values: told, slowestMs: 0 };
  if (told === null || told === undefined) return fault("absent", place.height, "the node has the block, but not its receipts");
  return fault("malformed", place.height, "its receipts are not a list");
}

async function receiptsOneByOne(calls: LedgerCalls, body: ReadBlock, height: number, options: BlocksOptions): Promise<Told<unknown> | Refused> {
  const questions = body.transactions.map(({ hash }) => ({ method: "eth_getTransactionReceipt", params: [hash] }));
  return askAll(calls, questions, { ...options, height, what: "a receipt" });
}

async function ommersOf(calls: LedgerCalls, body: ReadBlock, height: number, options: BlocksOptions): Promise<Told<Uint8Array> | Refused> {
  const questions = body.ommers.map((_, index) => ({ method: "eth_getUncleByBlockHashAndIndex", params: [body.hash, hexHeight(index)] }));
  const told = await askAll(calls, questions, { ...options, height, what: "an ommer" });
  if (told.kind !== "told") return told;
  const headers: Uint8Array[] = [];
  for (const value of told.values) {
    const header = readHeader(value, height);
    if (header.kind === "failed") return header;
    headers.push(header.bytes);
  }
  return { kind: "told", values: headers, slowestMs: told.slowestMs };
}

type AskingAll = BlocksOptions & { readonly height: number; readonly what: string };

async function askAll(calls: LedgerCalls, questions: readonly Call[], { height, what, ...options }: AskingAll): Promise<Told<unknown> | Refused> {
  const values: unknown[] = [];
  let slowestMs = 0;
  for (let start = 0; start < questions.length; start += RECEIPTS_PER_REQUEST) {
    const some = questions.slice(start, start + RECEIPTS_PER_REQUEST);
    const answers = await calls.ask(some, { ...options, bytesMax: options.answerBytesMax ?? ANSWER_BYTES_MAX });
    if (answers.kind !== "answers") return { ...answers, height };
    for (const index of some.keys()) {
      const error = answers.errorOf(index);
      if (error) return erred(`the node refuses ${what}`, height, error);
      const value = answers.of(index);
      if (value === null || value === undefined) return fault("absent", height, `the node has the block, but not ${what} of it`);
      values.push(value);
    }
    slowestMs = Math.max(slowestMs, answers.latencyMs);
  }
  return { kind: "told", values, slowestMs };
}
