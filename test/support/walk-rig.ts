/** A directory to be walked, made anew before each test, and a visitor before whose reading something can happen to it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach } from "vitest";
import { walkDirectory } from "../../adapters/directory/walk.ts";
import type { Visitor } from "../../adapters/directory/walk-options.ts";
import { type Kept, keepInMemory } from "./directory-rig.ts";

export function walkRig() {
  const folder = mkdtempSync(join(tmpdir(), "synnergy-walk-"));
  const root = join(folder, "root");
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(() => {
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root);
  });
  const at = (...names: string[]): string => join(root, ...names);
  return {
    /** Holds the root and may hold more. */
    folder,
    root,
    at,
    make: (text: string, ...names: string[]): void => writeFileSync(at(...names), text),
    walkWith: (visit: Visitor<Kept>, width = 1) => walkDirectory(root, visit, { width }),
  };
}

export const visitor = keepInMemory();

export const beforeFile = (happens: (path: string) => unknown): Visitor<Kept> => ({
  ...visitor,
  file: async (path, seen, open) => {
    await happens(path);
    return await visitor.file(path, seen, open);
  },
});

/** All entries below a listing, in the order of the listings. */
export function flat(content: Kept, path = ""): { path: string; kind: string; text?: string; to?: string }[] {
  if (!("entries" in content)) throw new Error(`${path} has no listing`);
  return content.entries.flatMap((entry) => {
    const here = path + entry.name;
    if (entry.kind === "folder") return [{ path: here, kind: "folder" }, ...flat(entry.content, `${here}/`)];
    if (entry.kind === "hardlink") return [{ path: here, kind: "hardlink", to: entry.to }];
    if (entry.kind === "file" && "bytes" in entry.content) return [{ path: here, kind: "file", text: entry.content.bytes.toString() }];
    return [{ path: here, kind: entry.kind }];
  });
}
