/** The format's test vectors: whoever changes a byte of what is stored must change the format's version. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { encodeListing } from "../../../../core/backup/directory/listing-format.ts";
import { gearTable, nextCut } from "../../../../core/backup/vault/chunking.ts";
import { contentId } from "../../../../core/backup/vault/content-id.ts";
import { encodeHeader } from "../../../../core/backup/vault/object-header.ts";
import { encodeIndex } from "../../../../core/backup/vault/pack-index.ts";
import { sealList } from "../../../../core/backup/vault/sealed-list.ts";
import { sealBlock } from "../../../../core/backup/vault/sealing.ts";
import { noise } from "../../../support/noise.ts";
import { keyring, packOf } from "../../../support/vault-objects.ts";

const vectors = JSON.parse(readFileSync(new URL("../../../../core/backup/format-vectors.json", import.meta.url), "utf8"));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const header = { vault: keyring.vault, epoch: 1, salt: noise("vector salt", 32) };
const content = noise("vector", 300_000);

function cuts(): number[] {
  const gear = gearTable(Buffer.alloc(32, 1));
  const ends: number[] = [];
  for (let start = 0; start < content.length; ) {
    const end = nextCut(gear, content, start, content.length, true) ?? content.length;
    ends.push(end);
    start = end;
  }
  return ends;
}

/** Noise does not compress, so no version of zstd has a say in these. */
const computed = {
  gear: [...gearTable(Buffer.alloc(32, 1)).slice(0, 4)],
  cuts: cuts(),
  firstId: hex(contentId(keyring.idKey, content.subarray(0, cuts()[0]))),
  packKey: hex(keyring.keyOf("pack", header, "the vector")),
  header: hex(encodeHeader("pack", header)),
  block: hex(
    sealBlock({ key: keyring.keyOf("pack", header, "the vector"), header: encodeHeader("pack", header), number: 0 }, noise("vector block", 40))
      .sealed,
  ),
  packName: packOf([noise("vector block", 40)], keyring, "vector").pack.name,
  indexName: encodeIndex(header, keyring.keyOf("index", header, "the vector"), [packOf([noise("vector block", 40)], keyring, "vector").pack]).name,
  batchName: sealList("batch", header, keyring.keyOf("batch", header, "the vector"), noise("vector block", 40)).name,
  listing: hex(
    encodeListing([{ kind: "symlink", name: "latest", mode: 0o777, userId: 1, groupId: 2, mtimeNs: 1_700_000_000_000_000_005n, target: "000001" }]),
  ),
};

describe("the format's vectors", () => {
  it.each(Object.keys(computed))("%s is what format-vectors.json says", (name) => {
    expect(computed[name as keyof typeof computed]).toEqual(vectors[name]);
  });
});
