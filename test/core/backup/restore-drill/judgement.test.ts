/** A restored node is judged by what most of the network says: a minority that lies neither lets a wrong one pass nor fails a right one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headOf, judgeScratch, type LiveNode, quorumOf } from "../../../../core/backup/restore-drill/judgement.ts";
import type { ScratchView } from "../../../../core/kernel/vault-job.ts";

const hash = (text: number): string => `0x${text.toString(16).padStart(64, "0")}`;
const CHAIN = { chainId: 7, genesisHash: hash(1_000) };
const POINT = { ...CHAIN, height: 40, blockHash: hash(1_040) };
const nodeOf = (node: string, facts: Partial<LiveNode> = {}): LiveNode => ({
  node,
  chainId: CHAIN.chainId,
  genesisHash: CHAIN.genesisHash,
  head: 100,
  hashAt: new Map([
    [0, CHAIN.genesisHash],
    [POINT.height, POINT.blockHash],
  ]),
  ...facts,
});
const viewOf = (facts: { chainId?: number | null; genesis?: string; block?: string; head?: number } = {}): ScratchView => ({
  state: "answering",
  reason: "",
  chainId: facts.chainId === undefined ? CHAIN.chainId : facts.chainId,
  head: { height: facts.head ?? 98, hash: hash(1_098), timestampS: 1 },
  hashes: [
    { height: 0, hash: facts.genesis ?? CHAIN.genesisHash },
    { height: POINT.height, hash: facts.block ?? POINT.blockHash },
  ],
});
/** A liar tells, of each thing, something of its own, or what the wrong node under judgement says; it leaves out what it likes. */
const anyLiar = fc
  .record({ chainId: fc.constantFrom(7, 8), genesis: fc.constantFrom(null, 1_000, 666), block: fc.constantFrom(null, 1_040, 666), head: fc.nat() })
  .map(({ chainId, genesis, block, head }) => ({ chainId, head, hashAt: new Map(hashesOf(genesis, block)) }));
const hashesOf = (genesis: number | null, block: number | null): [number, string][] => [
  ...(genesis === null ? [] : [[0, hash(genesis)] as [number, string]]),
  ...(block === null ? [] : [[POINT.height, hash(block)] as [number, string]]),
];
/** Fewer liars than a quorum of the fleet; some of the honest may be silent. */
const anyNetwork = fc
  .integer({ min: 2, max: 9 })
  .chain((fleetSize) =>
    fc.record({
      fleetSize: fc.constant(fleetSize),
      liars: fc.array(anyLiar, { maxLength: fleetSize - quorumOf(fleetSize) }),
      silent: fc.integer({ min: 0, max: fleetSize }),
    }),
  )
  .map(({ fleetSize, liars, silent }) => {
    const honest = Math.max(0, fleetSize - liars.length - silent);
    const live = [...liars.map((lie, index) => nodeOf(`l${index}`, lie)), ...Array.from({ length: honest }, (_, index) => nodeOf(`h${index}`))];
    return { fleetSize, live, liars: liars.length, honest };
  });
const judge = (view: ScratchView, { live, fleetSize }: { live: readonly LiveNode[]; fleetSize: number }, point: typeof POINT | null = POINT) =>
  judgeScratch({ view, live, fleetSize, chain: CHAIN, point });
const failed = (judged: ReturnType<typeof judge>): string[] =>
  judged.kind === "waits" ? [] : judged.checks.flatMap(({ held, name }) => (held ? [] : [name]));

describe("the judgement of a restored node", () => {
  it("fails no right node and passes no wrong one, whatever a minority of the network says", () => {
    const wrong = fc.constantFrom({ chainId: 8 }, { genesis: hash(666) }, { block: hash(666) });
    fc.assert(
      fc.property(anyNetwork, wrong, (network, lie) => {
        const right = judge(viewOf(), network);
        expect(failed(right)).toEqual([]);
        if (network.honest >= quorumOf(network.fleetSize)) expect(right).toMatchObject({ kind: "judged", lagBlocks: 2 });
        const judged = judge(viewOf(lie), network);
        if (judged.kind === "judged") expect(failed(judged)).not.toEqual([]);
        if (network.live.length >= quorumOf(network.fleetSize)) expect(judged.kind).toBe("judged");
      }),
      { numRuns: 1_000 },
    );
  });

  it("waits while fewer than a quorum answer, or the node itself does not", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.nat(20), (fleetSize, count) => {
        const live = Array.from({ length: Math.min(count, fleetSize) }, (_, index) => nodeOf(`n${index}`));
        const kind = live.length > fleetSize / 2 ? "judged" : "waits";
        for (const view of [viewOf(), viewOf({ chainId: 8 })])
          expect([POINT, null].map((point) => judge(view, { live, fleetSize }, point).kind)).toEqual([kind, kind]);
        expect(judge({ ...viewOf(), state: "silent", reason: "refused" }, { live, fleetSize })).toEqual({
          kind: "waits",
          reason: "the scratch node does not answer yet: refused",
        });
        expect(judge({ ...viewOf(), head: null }, { live, fleetSize }).kind).toBe("waits");
      }),
    );
  });

  it("tells chain id, genesis and hash each by its name, with what was found and what belongs there", () => {
    const network = { live: ["a", "b", "c"].map((node) => nodeOf(node)), fleetSize: 4 };
    const byManifest = "hash at the backup's final block 40, by the manifest";
    const byQuorum = "hash at 40, by 3 or more live nodes";
    expect(failed(judge(viewOf({ chainId: 8 }), network))).toEqual(["chain id"]);
    expect(failed(judge(viewOf({ genesis: hash(666) }), network))).toEqual(["genesis"]);
    expect(failed(judge(viewOf({ block: hash(666) }), network))).toEqual([byManifest, byQuorum]);
    expect(failed(judge(viewOf({ block: hash(666) }), network, { ...POINT, blockHash: hash(666) }))).toEqual([byQuorum]);
    expect(failed(judge(viewOf(), network, { ...POINT, blockHash: hash(666) }))).toEqual([byManifest]);
    expect(judge({ ...viewOf(), chainId: null, hashes: [] }, network)).toMatchObject({
      checks: [
        { name: "chain id", held: false, found: "nothing where 7 belongs" },
        { name: "genesis", held: false, found: `nothing where ${hash(1_000)} belongs` },
        { name: byManifest, held: false },
        { name: byQuorum, held: false },
      ],
    });
  });

  it("calls no node another network's because live nodes could not say which hash they have", () => {
    const live = [nodeOf("a"), nodeOf("b"), nodeOf("c", { hashAt: new Map() })];
    expect(judge(viewOf(), { live, fleetSize: 4 })).toEqual({ kind: "waits", reason: "no 3 of the live nodes agree about the hash at 40" });
    expect(failed(judge(viewOf({ block: hash(666) }), { live, fleetSize: 4 }))).toEqual(["hash at the backup's final block 40, by the manifest"]);
  });

  it("goes by the fleet file where no quorum says which chain it is", () => {
    const live = [nodeOf("a", { chainId: 8 }), nodeOf("b", { hashAt: new Map([[POINT.height, POINT.blockHash]]) }), nodeOf("c")];
    expect(failed(judge(viewOf(), { live, fleetSize: 4 }))).toEqual([]);
    expect(failed(judge(viewOf({ chainId: 8 }), { live, fleetSize: 4 }))).toEqual(["chain id"]);
  });
});

describe("the network's head", () => {
  it("is between the heads of those who tell the truth, whatever a minority says", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { minLength: 2, maxLength: 9 }), fc.array(fc.nat(100_000), { maxLength: 8 }), (honest, lies) => {
        const told = [...honest, ...lies.slice(0, honest.length - 1)];
        const head = headOf(told.map((height) => ({ head: height })));
        expect(head).toBeGreaterThanOrEqual(Math.min(...honest));
        expect(head).toBeLessThanOrEqual(Math.max(...honest));
      }),
      { numRuns: 1_000 },
    );
  });

  it("is the second-highest of few, since one alone may be far ahead, and none where nobody answers", () => {
    expect([[90, 7], [90, 8, 7], [90, 9, 8, 7], [5], []].map((heads) => headOf(heads.map((head) => ({ head }))))).toEqual([7, 8, 9, 5, 0]);
  });
});
