/**
 * The rehearsal's `work.changed`: what the agent says is to be served here is served from now on, and nothing else, as far as anybody who
 * reads the file can tell. `node serve-work.ts <file>`.
 */
import { open, rename } from "node:fs/promises";

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("serve-work.ts <file>");
const items = JSON.parse(process.env.SYNNERGY_WORK ?? "null") as unknown;
if (!Array.isArray(items)) throw new Error("SYNNERGY_WORK is not a list");
const unfinished = `${file}.new`;
const handle = await open(unfinished, "w", 0o600);
try {
  // The time makes each writing another text, so that a reader notices what changed to and fro.
  await handle.writeFile(JSON.stringify({ atMs: Date.now(), items }));
  await handle.sync();
} finally {
  await handle.close();
}
await rename(unfinished, file);
