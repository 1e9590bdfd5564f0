/**
 * A process that dies while it puts one object into a folder: `node vault-folder-crash.ts <folder> <key> <text> <step>` kills
 * itself before the step-th call that touches the disk; a write is killed when half of it is done. It ends by itself, with
 * code 0, when the put has fewer steps.
 */
import fs, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const [folder = "", key = "", text = "", dies = ""] = process.argv.slice(2);
let step = 0;

type Call = (...given: never[]) => Promise<unknown>;

function counted<T extends Call>(call: T, atDeath: () => Promise<unknown> = async () => undefined): T {
  const before = async (...given: never[]) => {
    step += 1;
    if (step === Number(dies)) {
      await atDeath();
      process.kill(process.pid, "SIGKILL");
      await new Promise(() => undefined);
    }
    return await call(...given);
  };
  return before as T;
}

function countHandle(handle: FileHandle): FileHandle {
  const write = handle.writeFile.bind(handle);
  handle.writeFile = counted(write, () => write(text.slice(0, text.length / 2)));
  handle.sync = counted(handle.sync.bind(handle));
  handle.close = counted(handle.close.bind(handle));
  return handle;
}

const { open, link, mkdir, rm } = fs;
fs.open = counted(async (...given: Parameters<typeof open>) => countHandle(await open(...given)));
fs.link = counted(link);
fs.mkdir = counted(mkdir) as typeof mkdir;
fs.rm = counted(rm);
syncBuiltinESMExports();

const { openFolderVault } = await import("../../adapters/vault-folder.ts");
const vault = await openFolderVault(folder);
await vault.put(key, Buffer.from(text));
