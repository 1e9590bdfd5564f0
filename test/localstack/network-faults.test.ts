/** The catalogue of faults is complete and reversible, and the block tree's rules hold for any history. No processes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type BlockTree, blockTree, type ChainBlock, isBetter, nextBaseFee, routeBetween } from "../../localstack/network/block-tree.ts";
import { planFault } from "../../localstack/network/fault-plan.ts";
import type { FaultStep, Topology } from "../../localstack/network/fault-steps.ts";
import { FAULTS } from "../../localstack/network/faults.ts";

const TOPOLOGY: Topology = { nodes: ["n1", "n2", "n3", "n4"], regions: ["us-east-1", "us-west-2"] };
const stepsOf = (name: string, target?: string): readonly FaultStep[] => {
  const plan = planFault(name, target, TOPOLOGY);
  if (plan.kind === "refused") throw new Error(plan.reason);
  return plan.steps;
};
const targetOf = (name: string): string | undefined => ({ node: "n2", region: "us-west-2", none: undefined })[FAULTS[name]?.target ?? "none"];

test("every fault says what it does, and its undo exists for the same target or for none", () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    const undo = FAULTS[fault.undo];
    expect(undo, `${name} is undone by ${fault.undo}`).toBeDefined();
    expect([fault.target, "none"]).toContain(undo?.target);
    expect(fault.about.length).toBeGreaterThan(10);
    expect(stepsOf(name, targetOf(name)).length).toBeGreaterThan(0);
  }
});

test("whatever links a fault touches, its undo sets up again", () => {
  for (const name of Object.keys(FAULTS)) {
    const undone = stepsOf(FAULTS[name]?.undo ?? "", targetOf(name));
    if (undone.some((step) => step.kind === "heal")) continue;
    const up = new Set(undone.flatMap((step) => (step.kind === "link" && step.state.kind === "up" ? [step.link] : [])));
    const passing = new Set(undone.flatMap((step) => (step.kind === "gossip" && step.up ? [`${step.from}>${step.to}`] : [])));
    for (const step of stepsOf(name, targetOf(name))) {
      if (step.kind === "link") expect(up, name).toContain(step.link);
      if (step.kind === "gossip") expect(passing, name).toContain(`${step.from}>${step.to}`);
    }
  }
});

test("an unknown fault or target is refused with the names that there are", () => {
  expect(planFault("explode", "n1", TOPOLOGY)).toMatchObject({ kind: "refused", reason: expect.stringContaining("kill-node") });
  expect(planFault("kill-node", "n9", TOPOLOGY)).toMatchObject({ kind: "refused", reason: expect.stringContaining("n1, n2, n3, n4") });
  expect(planFault("toString", "n1", TOPOLOGY)).toMatchObject({ kind: "refused" });
  expect(planFault("kill", "n1", TOPOLOGY)).toMatchObject({ kind: "planned", name: "kill-node" });
});

test("a blind observer is one Region, an isolated host is cut from everybody, a cut agent keeps its node in view", () => {
  const linksOf = (name: string) => stepsOf(name, "n1").flatMap((step) => (step.kind === "link" ? [step.link] : []));
  expect(linksOf("blind-observer")).toEqual(["us-east-1>n1", "us-east-1>a1"]);
  expect(linksOf("cut-agent")).toEqual(["us-east-1>a1", "us-west-2>a1"]);
  expect(new Set(linksOf("isolate")).size).toBe(2 * 2 + 2 * 3 + 2 * 3);
  expect(linksOf("cut-peers")).toEqual(["a1>a2", "a2>a1", "a1>a3", "a3>a1", "a1>a4", "a4>a1"]);
});

const SIGNERS = ["0xa1", "0xa2"];
const GENESIS = block({ hash: "g", parentHash: "", height: 0, slot: 0, signer: "0x0" });
function block(facts: Pick<ChainBlock, "hash" | "parentHash" | "height" | "slot" | "signer">): ChainBlock {
  return { ...facts, timestampS: facts.slot, baseFeePerGas: 7n, gasUsed: 0n, gasLimit: 30_000_000n, transactions: [] };
}
/** Each entry grows the tree on a block chosen among those before it. */
const history = fc.array(fc.record({ on: fc.nat(), skip: fc.integer({ min: 1, max: 3 }), stranger: fc.boolean() }), { minLength: 1, maxLength: 30 });
function grow(entries: readonly { on: number; skip: number; stranger: boolean }[]): { tree: BlockTree; blocks: ChainBlock[] } {
  const tree = blockTree(GENESIS, new Set(SIGNERS));
  const blocks = [GENESIS];
  entries.forEach(({ on, skip, stranger }, index) => {
    const parent = blocks[on % blocks.length] ?? GENESIS;
    const next = block({
      hash: `b${index}`,
      parentHash: parent.hash,
      height: parent.height + 1,
      slot: parent.slot + skip,
      signer: stranger ? "0xbad" : (SIGNERS[index % 2] ?? ""),
    });
    tree.add(next);
    blocks.push(next);
  });
  return { tree, blocks };
}
const pathTo = (tree: BlockTree, hash: string): string[] => {
  const path: string[] = [];
  for (let at = tree.get(hash); at !== undefined; at = tree.get(at.parentHash)) path.unshift(at.hash);
  return path;
};

test("the route between any two heads leads from one to the other, and gives up and adds no block twice", () => {
  fc.assert(
    fc.property(history, fc.nat(), fc.nat(), (entries, a, b) => {
      const { tree, blocks } = grow(entries);
      const from = blocks[a % blocks.length]?.hash ?? "g";
      const to = blocks[b % blocks.length]?.hash ?? "g";
      const route = routeBetween(tree, from, to);
      const kept = pathTo(tree, from).slice(0, pathTo(tree, from).length - (route?.back ?? 0));
      expect([...kept, ...(route?.forward.map(({ hash }) => hash) ?? [])]).toEqual(pathTo(tree, to));
      const abandoned = new Set(route?.abandoned.map(({ hash }) => hash));
      expect(route?.forward.some(({ hash }) => abandoned.has(hash))).toBe(false);
    }),
  );
});

test("an honest node never accepts a stranger's block, a block from the future, or anything built on one", () => {
  fc.assert(
    fc.property(history, fc.nat(), fc.integer({ min: 0, max: 40 }), (entries, pick, slotNow) => {
      const { tree, blocks } = grow(entries);
      const accepted = tree.acceptable(blocks[pick % blocks.length]?.hash ?? "g", slotNow);
      for (const hash of pathTo(tree, accepted?.hash ?? "")) {
        const found = tree.get(hash);
        expect(found?.height === 0 || SIGNERS.includes(found?.signer ?? "")).toBe(true);
        expect(found?.slot).toBeLessThanOrEqual(slotNow + 1);
      }
    }),
  );
});

test("fork choice is a strict order, so that all nodes settle on one head", () => {
  fc.assert(
    fc.property(history, fc.nat(), fc.nat(), (entries, a, b) => {
      const { blocks } = grow(entries);
      const [left, right] = [blocks[a % blocks.length] ?? GENESIS, blocks[b % blocks.length] ?? GENESIS];
      expect(isBetter(left, right) && isBetter(right, left)).toBe(false);
      if (left.hash !== right.hash) expect(isBetter(left, right) || isBetter(right, left)).toBe(true);
    }),
  );
});

test("the base fee falls after an empty block, rises after a full one, and never below zero", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.bigInt({ min: 0n, max: 30_000_000n }), (baseFeePerGas, gasUsed) => {
      const next = nextBaseFee({ baseFeePerGas, gasUsed, gasLimit: 30_000_000n });
      expect(next >= 0n).toBe(true);
      if (gasUsed > 15_000_000n) expect(next > baseFeePerGas).toBe(true);
      else expect(next <= baseFeePerGas).toBe(true);
    }),
  );
});
