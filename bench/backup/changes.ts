/** What happens to the tree between backups: a mebibyte overwritten in a file, now and then with an insertion at its front; pages overwritten. */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Chance } from "./chance.ts";
import { MIB, PAGE_BYTES } from "./tree.ts";

export const CHANGING_FILES = 26;
const INSERTIONS = 6;
const INSERTED_BYTES = 1_000;
const FILE_BYTES = 4 * MIB;
export const PAGES_OVERWRITTEN = 1_000;
const PAGES = 4_096;

/** Change number 0 to 25: 1 MiB of random bytes at a random place, for the first six after 1,000 bytes put at the front. */
export function changeFile(tree: string, number: number): void {
  const file = join(tree, "random", `${number + 20}.bin`);
  const chance = new Chance(`change ${number}`);
  const before = readFileSync(file);
  const bytes = number < INSERTIONS ? Buffer.concat([chance.many(INSERTED_BYTES), before]) : before;
  chance.many(MIB).copy(bytes, chance.below(FILE_BYTES - MIB));
  writeFileSync(file, bytes);
}

export function overwritePages(tree: string): void {
  const chance = new Chance("pages overwritten");
  const file = openSync(join(tree, "database", "pages.dat"), "r+");
  for (let count = 0; count < PAGES_OVERWRITTEN; count += 1)
    writeSync(file, chance.many(PAGE_BYTES), 0, PAGE_BYTES, chance.below(PAGES) * PAGE_BYTES);
  closeSync(file);
}
