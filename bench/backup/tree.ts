/**
 * The tree that programs are compared on: 64 random files of 4 MiB, 32 logs of a node in JSON of 4 MiB, exact copies of 16 of each,
 * and one file of 16 KiB pages as a database has them. Seeded, so every run has the same bytes. `scale` multiplies the number
 * of files and pages.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Chance } from "./chance.ts";

export const MIB = 1024 * 1024;
export const PAGE_BYTES = 16 * 1024;
const FILE_BYTES = 4 * MIB;
const RANDOM_FILES = 64;
const LOGS = 32;
const COPIES = 16;
const PAGES = 4_096;
const PAGE_HEAD_BYTES = 24;
const CELL_BYTES = 94;
const FOLDERS = ["random", "logs", "copies", "database"] as const;

/** 576 MiB at scale 1. */
export function writeTree(folder: string, scale = 1): void {
  for (const name of FOLDERS) mkdirSync(join(folder, name), { recursive: true });
  for (let index = 0; index < RANDOM_FILES * scale; index += 1) {
    const bytes = new Chance(`random ${index}`).many(FILE_BYTES);
    writeFileSync(join(folder, "random", `${index}.bin`), bytes);
    if (index < COPIES * scale) writeFileSync(join(folder, "copies", `${index}.bin`), bytes);
  }
  for (let index = 0; index < LOGS * scale; index += 1) {
    const bytes = nodeLog(index);
    writeFileSync(join(folder, "logs", `${index}.json`), bytes);
    if (index < COPIES * scale) writeFileSync(join(folder, "copies", `${index}.json`), bytes);
  }
  writeFileSync(join(folder, "database", "pages.dat"), pages(PAGES * scale));
}

const MODULES = ["p2p", "eth/downloader", "core/txpool", "core/blockchain", "rpc", "trie", "consensus"];
const PEERS = 25;
const FIRST_LINE_MS = 1_764_000_000_000;

/** Lines as a node writes them: imported blocks with their hashes, peers looked for, requests served. */
function nodeLog(seed: number): Buffer {
  const chance = new Chance(`log ${seed}`);
  const peers = Array.from({ length: PEERS }, () => chance.hex(8));
  const lines: string[] = [];
  let atMs = FIRST_LINE_MS + seed * 4_000_000;
  let height = 20_000_000 + seed * 1_000;
  for (let length = 0; length < FILE_BYTES; length += lines.at(-1)?.length ?? 0) {
    atMs += chance.below(900);
    const kind = chance.below(10);
    const head = `{"t":"${new Date(atMs).toISOString()}","lvl":"${kind < 7 ? "info" : kind < 9 ? "debug" : "warn"}",`;
    if (kind < 4) {
      height += 1;
      lines.push(
        `${head}"module":"core/blockchain","msg":"Imported new potential chain segment","number":${height},"hash":"0x${chance.hex(32)}","blocks":1,"txs":${chance.below(300)},"mgas":${chance.below(30_000) / 1_000},"elapsed":"${chance.below(200_000) / 1_000}ms","mgasps":${chance.below(300_000) / 1_000}}\n`,
      );
    } else if (kind < 8) {
      lines.push(
        `${head}"module":"${MODULES[chance.below(MODULES.length)]}","msg":"Looking for peers","peercount":${chance.below(50)},"tried":${chance.below(200)},"static":0,"peer":"${peers[chance.below(PEERS)]}"}\n`,
      );
    } else {
      lines.push(
        `${head}"module":"rpc","msg":"Served eth_getBlockByNumber","conn":"10.0.${chance.below(4)}.${chance.below(256)}:${30_000 + chance.below(3_000)}","reqid":${chance.below(100_000)},"duration":"${chance.below(90_000) / 1_000}ms","err":null}\n`,
      );
    }
  }
  return Buffer.from(lines.join(""), "latin1").subarray(0, FILE_BYTES);
}

/** Leaves of a state trie's table: a head, then cells of a random 20-byte key, a small balance, a time, and now and then a hash; the rest is free. */
function pages(count: number): Buffer {
  const chance = new Chance("pages");
  const bytes = Buffer.alloc(count * PAGE_BYTES);
  for (let page = 0; page < count; page += 1) {
    const start = page * PAGE_BYTES;
    bytes.writeUInt32LE(page, start);
    bytes.write("PAGE", start + 4, "latin1");
    const end = start + PAGE_BYTES - Math.trunc((PAGE_BYTES * (10 + chance.below(40))) / 100);
    for (let cell = start + PAGE_HEAD_BYTES; cell + CELL_BYTES <= end; cell += CELL_BYTES) {
      chance.few(20).copy(bytes, cell);
      bytes.writeUInt32BE(chance.below(100_000), cell + 26);
      bytes.writeBigUInt64BE(BigInt(chance.below(1_000_000_000)) * 1_000_000n, cell + 54);
      if (chance.below(3) === 0) chance.few(32).copy(bytes, cell + 62);
    }
  }
  return bytes;
}
