/** By which block a directory's backup is named: what most of the network calls final, whatever one node says. */
import { describe, expect, test } from "vitest";
import { networkFinal } from "../../functions/backup/working/network-final.ts";
import { BLOCKS, useDrills } from "../support/use-drills.ts";

const WRONG = `0x${"66".repeat(32)}`;
const drills = useDrills();
/** One block below the head is final here. */
const FINAL = BLOCKS - 1;
const lying = (id: string): void =>
  drills.now().lie(
    id,
    drills.now().lieOf("eth_getBlockByNumber", (block: { hash: string }) => ({ ...block, hash: WRONG.slice(0, -1) + id.at(-1) })),
  );
const asked = async () => {
  const { world } = drills.now();
  const chain = { ...world.fleet.chain, finality: { kind: "depth", blocks: BLOCKS - FINAL } as const };
  return await networkFinal({ ...world, fleet: { ...world.fleet, chain } });
};
const silent = (id: string): void => drills.now().lie(id, (question) => ({ id: question.id, error: { code: -32_000, message: "busy" } }));

describe("the network's final block", () => {
  test("is what all have, and what three of four have where one has another", async () => {
    const of = drills.now();
    const blockHash = (await of.blockAt(FINAL)).hash;
    expect(await asked()).toEqual({ height: FINAL, blockHash });
    lying("n4");
    expect(await asked()).toEqual({ height: FINAL, blockHash });
  });

  test("is nobody's where two have others, or two are silent", async () => {
    for (const hurt of [lying, silent]) {
      for (const id of ["n3", "n4"]) hurt(id);
      expect(await asked()).toBeNull();
    }
  });

  test("is not moved by one node that is far ahead alone", async () => {
    const of = drills.now();
    of.lie(
      "n4",
      of.lieOf("eth_getBlockByNumber", (block: { number: string } | null, { params: [tag] }) =>
        tag === "latest" && block !== null ? { ...block, number: "0x63" } : block,
      ),
    );
    expect(await asked()).toMatchObject({ height: FINAL });
  });
});
