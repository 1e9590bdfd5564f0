import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventSentence } from "../../cli/render/events.ts";
import { narrativeData, renderNarrative } from "../../cli/render/narrative.ts";
import { sumLines, sumOf } from "../../cli/render/narrative-evidence.ts";
import { plain } from "../../cli/render/paint.ts";
import { EVENTS } from "../../core/kernel/events.ts";
import { type Incident, IncidentStatus } from "../../core/kernel/incident.ts";
import { sampleOf } from "./event-samples.ts";
import { eventOf, evidenceOf, incidentOf, lineOf, NOW_MS, node, TOKEN, voteOf } from "./rig.ts";

const statuses = fc.constantFrom(...IncidentStatus.options);
const kinds = fc.constantFrom("failover", "switchover", "establish", "alarm") as fc.Arbitrary<Incident["kind"]>;
const votes = fc.uniqueArray(
  fc.tuple(fc.constantFrom("us-east-1", "us-west-2", "n2", "n3", "n4"), fc.boolean()).map(([voter, down]) => voteOf(voter, down)),
  { selector: ({ voter }) => voter },
);
const incidents = fc
  .record({
    status: statuses,
    kind: kinds,
    waits: fc.boolean(),
    evidence: fc.option(fc.record({ votes, needed: fc.integer({ min: 2, max: 4 }) })),
    burned: fc.subarray(["n3", "n4"]),
    to: fc.constantFrom("n2", null),
    ended: fc.boolean(),
  })
  .map(({ status, kind, waits, evidence, burned, to, ended }) =>
    incidentOf({
      status,
      kind,
      burned: burned.map(node),
      to: to === null ? null : node(to),
      endedAtMs: ended ? NOW_MS - 500 : null,
      outcome: status === "resolved" ? { holder: node("n2"), epoch: 4, firstSlot: 205, missedSlots: 2 } : null,
      evidence: evidence === null ? null : evidenceOf(evidence),
      approval: waits ? { taskToken: TOKEN, region: "us-east-1", expiresAtMs: NOW_MS + 60_000, decidedBy: null } : null,
    }),
  );

describe("an incident's story", () => {
  it("never gives away the approval's token, neither to people nor to programs", () => {
    fc.assert(
      fc.property(incidents, (incident) => {
        const story = { incident, journal: [], events: [], nowMs: NOW_MS };
        expect(renderNarrative(plain, story) + JSON.stringify(narrativeData(story))).not.toContain(TOKEN);
      }),
    );
  });

  it("always says what to do next", () => {
    fc.assert(
      fc.property(incidents, (incident) => {
        const { next } = narrativeData({ incident, journal: [], events: [], nowMs: NOW_MS });
        expect(next).not.toEqual([]);
      }),
    );
  });

  it("holds every line of the journal, in the order of time, however it was handed over", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -2_900, max: 60_000 }), { minLength: 1, maxLength: 8 }), (offsets) => {
        const incident = incidentOf();
        const journal = offsets.map((ms) => lineOf(incident.id, NOW_MS + ms, "FencePrimary", `line of ${ms}.`));
        const text = renderNarrative(plain, { incident, journal, events: [], nowMs: NOW_MS });
        const places = offsets.toSorted((a, b) => a - b).map((ms) => text.indexOf(`line of ${ms}.`));
        expect(places.every((place) => place > 0)).toBe(true);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }),
    );
  });

  it("says that the sum adds up exactly when enough voted and an observer was among them", () => {
    fc.assert(
      fc.property(votes, fc.integer({ min: 2, max: 4 }), (cast, needed) => {
        const evidence = evidenceOf({ votes: cast, needed });
        const down = cast.filter((vote) => vote.down);
        const holds = down.length >= needed && down.some(({ kind }) => kind === "observer");
        expect(sumOf(evidence).holds).toBe(holds);
        expect(sumLines(evidence).join("\n").includes("does not add up")).toBe(!holds);
      }),
    );
  });

  it("counts a voter that said nothing as no vote, and the node's own agent as no eligible voter", () => {
    const evidence = evidenceOf({ votes: [voteOf("us-east-1", true), voteOf("n2", true), voteOf("n1", true, "self")] });
    expect(sumOf(evidence).silent).toBe(3);
    expect(sumLines(evidence)[1]).toContain("its own agent");
  });
});

describe("the story of a primary that died", () => {
  const incident = incidentOf();
  const journal = [
    lineOf(incident.id, NOW_MS - 2_900, "OpenIncident", "n2 is elected: healthy, at the head", "opened"),
    lineOf(incident.id, NOW_MS - 2_400, "FencePrimary", "n1's agent refuses epoch 3 for ever; its watermark is 202", "acknowledged"),
    lineOf(incident.id, NOW_MS - 900, "VerifySigning", "n2 signed slot 205", "signed"),
  ];
  const verdict = { schema: 1, id: "12345678", fleet: "rehearsal", atMs: NOW_MS - 3_900, region: "us-east-1", observer: "us-east-1", node: "n1" };
  const events = [
    eventOf("a1234567", NOW_MS - 3_900, "failover.verdict-changed", { ...verdict, from: "healthy", to: "dead", reason: "connection refused" }),
    eventOf("b1234567", NOW_MS - 3_900, "failover.verdict-changed", { ...verdict, node: "n4", from: "healthy", to: "slow", reason: "900 ms" }),
    eventOf("c1234567", NOW_MS - 2_300, "failover.primary-fenced", { incident: incident.id, role: "primary" }),
  ];
  const text = renderNarrative(plain, { incident, journal, events, nowMs: NOW_MS });

  it("begins with how it ended and what it cost", () => {
    expect(text.split("\n")[1]).toBe("primary moved from n1 to n2 in 3.5 s; 2 slots were missed. n2 signs since slot 205, under epoch 4.");
  });

  it("times each step since the first suspicion, not since the incident was opened", () => {
    expect(text).toMatch(/\+0\.10 s .*n1 is dead \(was healthy\)/);
    expect(text).toMatch(/\+1\.60 s +0\.[0-9] s +FencePrimary .*refuses epoch 3/);
    expect(text).toContain("suspected +0.00 s  condemned +0.90 s  opened +1.10 s  fenced +1.60 s  signing +3.10 s");
  });

  it("leaves out other nodes' troubles and events that repeat the journal", () => {
    expect(text).not.toContain("n4");
    expect(text).not.toContain("primary-fenced");
  });

  it("names who saw what and who did not", () => {
    expect(text).toContain("3 votes said that n1 is down: us-east-1, n2 and n3; us-west-2 said that it is not.");
    expect(text).toContain("observer in us-west-2: us-west-2 had an answer in 3 ms");
  });

  it("falls back on the bus where the journal is lost", () => {
    const told = renderNarrative(plain, { incident, journal: [], events, nowMs: NOW_MS });
    expect(told).toContain("failover.primary-fenced");
  });
});

it("names the commands that decide an incident which waits for a person, and how long it waits", () => {
  const approval = { taskToken: TOKEN, region: "us-east-1", expiresAtMs: NOW_MS + 90_000, decidedBy: null };
  const incident = incidentOf({ status: "awaiting-approval", approval, endedAtMs: null, outcome: null });
  const text = renderNarrative(plain, { incident, journal: [], events: [], nowMs: NOW_MS });
  expect(text).toContain(`ha approve ${incident.id}`);
  expect(text).toContain(`ha reject ${incident.id}`);
  expect(text).toContain("1 min 30 s more");
});

it("has a sentence for every event that the bus publishes, so that none is shown as raw JSON", () => {
  for (const name of Object.keys(EVENTS) as (keyof typeof EVENTS)[]) {
    const sentence = eventSentence(plain, eventOf("12345678", NOW_MS, name, sampleOf(name)));
    expect(sentence, name).not.toContain("{");
    expect(sentence, name).not.toContain("undefined");
    expect(sentence.length, name).toBeGreaterThan(10);
  }
});
