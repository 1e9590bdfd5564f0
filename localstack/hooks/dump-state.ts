/**
 * The rehearsal's standstill: a node that lives in memory writes what it is into its data directory, as a client that is asked to flush
 * would. `node dump-state.ts <its RPC port> <directory>`.
 */
import { mkdir, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as z from "zod";

/** The file that a scratch node is started from. */
const STATE = "state.json";
const DUMP_MS = 60_000;
const STATE_BYTES_MAX = 2 * 1024 ** 3;

const Reply = z.object({ result: z.string().regex(/^0x[0-9a-f]+$/) });

const [port, directory] = process.argv.slice(2);
if (port === undefined || directory === undefined) throw new Error("dump-state.ts <RPC port> <directory>");
const response = await fetch(`http://127.0.0.1:${port}`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "anvil_dumpState", params: [] }),
  signal: AbortSignal.timeout(DUMP_MS),
});
const { result } = Reply.parse(await response.json());
// Compressed by the node; stored as it is, since the vault compresses what is new and a gzip has nothing in common with the one before.
const state = gunzipSync(Buffer.from(result.slice(2), "hex"), { maxOutputLength: STATE_BYTES_MAX });
await mkdir(directory, { recursive: true, mode: 0o700 });
const unfinished = join(directory, `.${STATE}.new`);
const file = await open(unfinished, "w", 0o600);
try {
  await file.writeFile(state);
  await file.sync();
} finally {
  await file.close();
}
await rename(unfinished, join(directory, STATE));
