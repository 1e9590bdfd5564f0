/**
 * A vault in a local folder. An object is written under a name that no reader sees, made durable, and then linked to its key:
 * the link either makes the whole object visible or finds that there is one, so a crash leaves at most a stray file under
 * `.unfinished`, which the next `openFolderVault` removes once it is old.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, rm, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InputInvalid, VaultObjectTooLarge, VaultUnavailable } from "../core/kernel/errors.ts";
import type { GetOptions, ListOptions, VaultObject, VaultStore } from "../core/kernel/ports.ts";
import { refuseKey, refuseLimit } from "../core/kernel/vault-keys.ts";
import { syncFolder } from "./sync-folder.ts";

const UNFINISHED = ".unfinished";
/** No write lasts a day. */
const STRAY_MS = 86_400_000;

/** With `mustExist` a folder that is not there is not made: a wrong path is a fault, and no new empty vault. */
export async function openFolderVault(folder: string, options: { mustExist?: boolean } = {}): Promise<VaultStore> {
  const unfinished = join(folder, UNFINISHED);
  if (options.mustExist === true && (await stat(folder).catch(absorb("ENOENT", null))) === null) {
    throw new InputInvalid({ where: folder, faults: ["there is no such folder"] });
  }
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  await removeStrays(unfinished);
  const known = new Set<string>();
  const attempt = async <T>(action: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof VaultObjectTooLarge) throw cause;
      throw new VaultUnavailable({ vault: folder, action, cause });
    }
  };
  return {
    name: folder,
    place: "folder",
    put: async (key, bytes, options) => {
      refuseKey(key);
      options?.signal?.throwIfAborted();
      return await attempt(`store ${key}`, () => store(folder, key, bytes, known));
    },
    get: async (key, options) => {
      refuseKey(key);
      options.signal?.throwIfAborted();
      return await attempt(`give ${key}`, () => read(folder, key, options));
    },
    list: async (prefix, options) => {
      refuseLimit(options.limit);
      options.signal?.throwIfAborted();
      return await attempt(`list ${prefix}`, () => list(folder, prefix, options));
    },
    extendLock: async (key) => refuseKey(key),
    remove: async (key) => {
      refuseKey(key);
      await attempt(`remove ${key}`, () => rm(join(folder, key), { force: true }));
    },
  };
}

async function store(folder: string, key: string, bytes: Uint8Array, known: Set<string>): Promise<{ kind: "written" } | { kind: "exists" }> {
  const stray = join(folder, UNFINISHED, randomUUID());
  const target = join(folder, key);
  const parent = dirname(target);
  try {
    const file = await open(stray, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!known.has(parent)) await makeDurable(folder, parent);
    known.add(parent);
    // `link` refuses an existing name, which `rename` would silently replace.
    const linked = await link(stray, target).then(() => true, absorb("EEXIST", false));
    if (!linked) return { kind: "exists" };
    await syncFolder(parent);
    return { kind: "written" };
  } finally {
    await rm(stray, { force: true });
  }
}

/** A folder that was made is on the disk when the folders above it are. */
async function makeDurable(folder: string, path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const root = resolve(folder);
  for (let above = dirname(resolve(path)); above.length >= root.length; above = dirname(above)) await syncFolder(above);
}

async function read(
  folder: string,
  key: string,
  { bytesMax, range, into }: GetOptions,
): Promise<{ kind: "found"; bytes: Buffer } | { kind: "absent" }> {
  const file = await open(join(folder, key), "r").catch(absorb("ENOENT", null));
  if (file === null) return { kind: "absent" };
  try {
    const { size } = await file.stat();
    const offset = Math.min(range?.offset ?? 0, size);
    const length = Math.min(range?.length ?? size, size - offset);
    if (length > bytesMax) throw new VaultObjectTooLarge({ vault: folder, key, sizeBytes: length, bytesMax });
    const bytes = into === undefined ? Buffer.allocUnsafeSlow(length) : Buffer.from(into.buffer, into.byteOffset, length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { kind: "found", bytes: bytes.subarray(0, filled) };
  } finally {
    await file.close();
  }
}

/** Only the folders that the prefix and `after` leave possible are opened. */
async function list(folder: string, prefix: string, { after, limit }: ListOptions): Promise<VaultObject[]> {
  const found: VaultObject[] = [];
  const visit = async (path: string): Promise<void> => {
    const entries = await readdir(join(folder, path), { withFileTypes: true }).catch(absorb("ENOENT", []));
    const keys = entries
      .filter(({ name }) => !name.startsWith("."))
      .map((entry) => ({ key: path + entry.name, isFolder: entry.isDirectory() }))
      // A folder sorts as its keys do, with the slash that follows its name.
      .toSorted((left, right) => (sortKey(left) < sortKey(right) ? -1 : 1));
    for (const { key, isFolder } of keys) {
      if (found.length >= limit) return;
      if (isFolder) {
        const below = `${key}/`;
        const possible = below.startsWith(prefix) || prefix.startsWith(below);
        if (possible && (after === undefined || after < below || after.startsWith(below))) await visit(below);
      } else if (key.startsWith(prefix) && (after === undefined || key > after)) {
        const { size, mtimeMs } = await stat(join(folder, key));
        found.push({ key, sizeBytes: size, modifiedMs: mtimeMs });
      }
    }
  };
  await visit("");
  return found;
}

const sortKey = ({ key, isFolder }: { key: string; isFolder: boolean }): string => (isFolder ? `${key}/` : key);

async function removeStrays(unfinished: string): Promise<void> {
  for (const name of await readdir(unfinished)) {
    const path = join(unfinished, name);
    const { mtimeMs } = await stat(path).catch(absorb("ENOENT", { mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > STRAY_MS) await unlink(path).catch(absorb("ENOENT", undefined));
  }
}

/** The one error that is an answer. */
function absorb<T>(code: string, answer: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && "code" in error && error.code === code) return answer;
    throw error;
  };
}
