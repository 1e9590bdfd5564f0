/** Whether two folders hold the same files with the same bytes. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export function sameBytes(one: string, other: string): boolean {
  const [left, right] = [filesIn(one), filesIn(other)];
  return (
    left.length === right.length &&
    left.every((path, index) => path === right[index] && readFileSync(join(one, path)).equals(readFileSync(join(other, path))))
  );
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
}
