/** The auditor finds every planted violation, and none in a clean history, however the role moved in it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { audit, type Law, type Seen } from "../../localstack/auditor/laws.ts";
import type { SeenBlock } from "../../localstack/auditor/seen-block.ts";

const VALIDATORS = ["n1", "n2", "n3"].map((node, index) => ({ node, coinbase: `0xa${index + 1}` }));
const signerOf = (node: string): string => VALIDATORS.find((one) => one.node === node)?.coinbase ?? "";
const NODES = VALIDATORS.map(({ node }) => node);
const TERMS = { reorganisationBlocksMax: 2, final: true };
const GENESIS: SeenBlock = { hash: "h0", parentHash: "", height: 0, slot: 0, signer: "0x0", nodes: NODES };

/** Epochs in turn, each signing some of its slots, renewed as it goes; some end early (acknowledged), some are waited out. */
const term = fc.record({
  holder: fc.constantFrom(...NODES),
  slots: fc.integer({ min: 3, max: 12 }),
  skipped: fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 4 }),
  early: fc.integer({ min: 0, max: 2 }),
  unseenRenewal: fc.boolean(),
});
const story = fc.array(term, { minLength: 2, maxLength: 6 });

function tell(terms: readonly (typeof term extends fc.Arbitrary<infer T> ? T : never)[]): { -readonly [K in keyof Seen]: Seen[K][number][] } {
  const seen = {
    validators: VALIDATORS,
    blocks: [GENESIS],
    heads: NODES.map((node) => ({ node, hash: "h0", life: 1 })),
    leases: [],
    incidents: [],
  } as {
    -readonly [K in keyof Seen]: Seen[K][number][];
  };
  let fromSlot = 1;
  let highest = 0;
  terms.forEach(({ holder, slots, skipped, early, unseenRenewal }, index) => {
    const granted = Math.max(fromSlot + slots - 1, highest);
    const readings = [fromSlot + 1, ...(unseenRenewal && index + 1 < terms.length ? [] : [granted])];
    for (const throughSlot of readings) seen.leases.push({ epoch: index + 1, holder, fromSlot, throughSlot: Math.max(throughSlot, highest) });
    const lastSlot = fromSlot + slots - 1 - early;
    for (let slot = fromSlot; slot <= lastSlot; slot += 1) {
      if (skipped.includes(slot - fromSlot)) continue;
      const parent = seen.blocks.at(-1) ?? GENESIS;
      const hash = `h${slot}`;
      seen.blocks.push({ hash, parentHash: parent.hash, height: parent.height + 1, slot, signer: signerOf(holder), nodes: NODES });
      for (const node of NODES) seen.heads.push({ node, hash, life: 1 });
    }
    highest = granted;
    fromSlot = lastSlot + 1;
  });
  return seen;
}
const lawsBroken = (seen: Seen): Set<Law> => new Set(audit(seen, TERMS).violations.map(({ law }) => law));

test("a history in which the role moves by the rules breaks no law", () => {
  fc.assert(
    fc.property(story, (terms) => {
      expect(audit(tell(terms), TERMS).violations).toEqual([]);
    }),
  );
});

type Plant = { law: Law; plant: (seen: ReturnType<typeof tell>, at: SeenBlock) => void };
const other = (block: SeenBlock): string => VALIDATORS.find(({ coinbase }) => coinbase !== block.signer)?.coinbase ?? "";
const PLANTS: Record<string, Plant> = {
  "another validator signs the same slot on a branch that was given up": {
    law: "one-signer",
    plant: (seen, at) => seen.blocks.push({ ...at, hash: "twin", signer: other(at), nodes: ["n3"] }),
  },
  "the holder signs one slot twice": {
    law: "signed-once",
    plant: (seen, at) =>
      seen.blocks.push({ ...at, hash: "twin", nodes: VALIDATORS.filter(({ coinbase }) => coinbase === at.signer).map(({ node }) => node) }),
  },
  "a validator signs in another's epoch": {
    law: "holder-signs",
    plant: (seen, at) => {
      seen.blocks = seen.blocks.map((block) => (block.hash === at.hash ? { ...block, signer: other(at) } : block));
    },
  },
  "the last holder signs above what it was granted": {
    law: "holder-signs",
    plant: (seen) => {
      const last = seen.blocks.at(-1) ?? GENESIS;
      const slot = Math.max(...seen.leases.map(({ throughSlot }) => throughSlot)) + 1;
      const signer = signerOf(seen.leases.at(-1)?.holder ?? "");
      seen.blocks.push({ hash: "above", parentHash: last.hash, height: last.height + 1, slot, signer, nodes: NODES });
    },
  },
  "an epoch is read with two holders": {
    law: "one-holder",
    plant: (seen) => {
      const [first] = seen.leases;
      if (first) seen.leases.push({ ...first, holder: NODES.find((node) => node !== first.holder) ?? "" });
    },
  },
  "a stranger's block is at two nodes": {
    law: "known-signer",
    plant: (seen, at) => seen.blocks.push({ ...at, hash: "strange", signer: "0xbad", nodes: ["n1", "n2"] }),
  },
  "a head goes back three blocks": {
    law: "bounded-return",
    plant: (seen) => {
      const longest = seen.blocks.at(-1) ?? GENESIS;
      const base = seen.blocks.at(-4) ?? GENESIS;
      seen.blocks.push({ ...longest, hash: "fork", parentHash: base.hash, height: base.height + 1 });
      seen.heads.push({ node: "n2", hash: "fork", life: 1 });
    },
  },
  "a restarted node comes back on a branch that gives three blocks up": {
    law: "bounded-return",
    plant: (seen) => {
      const longest = seen.blocks.at(-1) ?? GENESIS;
      let parent = seen.blocks.at(-4) ?? GENESIS;
      seen.heads.push({ node: "n2", hash: "h0", life: 2 });
      for (let n = 0; n < 3; n += 1) {
        parent = { ...longest, hash: `fork${n}`, parentHash: parent.hash, height: parent.height + 1 };
        seen.blocks.push(parent);
        seen.heads.push({ node: "n2", hash: parent.hash, life: 2 });
      }
    },
  },
  "a head stands on a block that was never seen": {
    law: "whole-record",
    plant: (seen) => {
      seen.blocks.push({ ...GENESIS, hash: "lost", parentHash: "never seen", height: 99, slot: 1 });
      seen.heads.push({ node: "n3", hash: "lost", life: 1 });
    },
  },
  "an incident is left open": {
    law: "incidents-end",
    plant: (seen) => {
      seen.incidents.push({ id: "primary-20260101T000000000", endedAtMs: null });
    },
  },
};

for (const [what, { law, plant }] of Object.entries(PLANTS)) {
  test(`it is found when ${what}`, () => {
    fc.assert(
      fc.property(story, fc.nat(), (terms, pick) => {
        const seen = tell(terms);
        fc.pre(seen.blocks.length > 4);
        plant(seen, seen.blocks[1 + (pick % (seen.blocks.length - 1))] ?? GENESIS);
        expect(lawsBroken(seen)).toContain(law);
      }),
    );
  });
}

test("a node that restarts empty and catches up on the same branch has not gone back", () => {
  fc.assert(
    fc.property(story, (terms) => {
      const seen = tell(terms);
      for (const { hash } of seen.blocks) seen.heads.push({ node: "n1", hash, life: 2 });
      expect(audit(seen, TERMS)).toMatchObject({ violations: [], deepestReturnBlocks: 0 });
    }),
  );
});

test("before the end, a slot above the last reading is unsettled, and an open incident is nobody's fault", () => {
  const seen = tell([
    { holder: "n1", slots: 5, skipped: [], early: 0, unseenRenewal: false },
    { holder: "n2", slots: 5, skipped: [], early: 0, unseenRenewal: false },
  ]);
  seen.leases.pop();
  seen.incidents.push({ id: "primary-20260101T000000000", endedAtMs: null });
  const report = audit(seen, { ...TERMS, final: false });
  expect(report.violations).toEqual([]);
  expect(report.unsettled).toBeGreaterThan(0);
});

test("what was signed before the auditor came is counted and not judged", () => {
  const seen = tell([
    { holder: "n1", slots: 4, skipped: [], early: 0, unseenRenewal: false },
    { holder: "n2", slots: 4, skipped: [], early: 0, unseenRenewal: false },
  ]);
  seen.leases = seen.leases.filter(({ epoch }) => epoch > 1);
  expect(audit(seen, TERMS)).toMatchObject({ violations: [], beforeRecord: 4 });
});
