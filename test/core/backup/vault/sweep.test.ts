/**
 * The law of sweeping, over random interleavings of runs and sweeps: whatever happens in whatever order, everything that a stored
 * manifest names is there. And space is really given back.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Condemned, decideCompletion, decideSweep, GRACE_MS, MANIFEST_MS_MAX } from "../../../../core/backup/vault/sweep.ts";

type Run = { readonly begunAtMs: number; readonly known: readonly string[]; readonly refers: Set<string>; lookedAtMs: number | null };
type Step =
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "begin"; readonly run: number }
  | { readonly kind: "refer"; readonly run: number; readonly choice: number }
  | { readonly kind: "store"; readonly run: number }
  | { readonly kind: "look"; readonly run: number }
  | { readonly kind: "write"; readonly run: number }
  | { readonly kind: "die"; readonly run: number }
  | { readonly kind: "forget"; readonly choice: number }
  | { readonly kind: "sweep-reads" }
  | { readonly kind: "sweep-acts" };

/** A vault of packs, some runs at work and one sweep, each moving one small step at a time. */
class Vault {
  nowMs = 1_000_000_000_000;
  readonly objects = new Map<string, number>();
  readonly manifests = new Map<number, ReadonlySet<string>>();
  condemned: Condemned[] = [];
  removed = 0;
  private readonly runs = new Map<number, Run>();
  private reading: { nowMs: number; referred: Set<string>; condemned: Condemned[] } | null = null;
  private count = 0;

  step(step: Step): void {
    const run = "run" in step ? this.runs.get(step.run) : undefined;
    switch (step.kind) {
      case "pass":
        this.nowMs += step.ms;
        return;
      case "begin": {
        const isCondemned = new Set(this.condemned.map(({ key }) => key));
        const known = [...this.objects.keys()].filter((key) => !isCondemned.has(key));
        this.runs.set(step.run, { begunAtMs: this.nowMs, known, refers: new Set(), lookedAtMs: null });
        return;
      }
      case "refer":
        if (run && run.lookedAtMs === null && run.known.length > 0) run.refers.add(run.known[step.choice % run.known.length] as string);
        return;
      case "store":
        if (!run || run.lookedAtMs !== null) return;
        this.count += 1;
        this.objects.set(`pack ${this.count}`, this.nowMs);
        run.refers.add(`pack ${this.count}`);
        return;
      case "look":
        if (!run) return;
        if (decideCompletion({ ...run, nowMs: this.nowMs, condemned: this.condemned }).kind === "give-up") this.runs.delete(step.run);
        else run.lookedAtMs = this.nowMs;
        return;
      case "write":
        if (!run || run.lookedAtMs === null) return;
        this.count += 1;
        if (this.nowMs - run.lookedAtMs <= MANIFEST_MS_MAX) this.manifests.set(this.count, new Set(run.refers));
        this.runs.delete(step.run);
        return;
      case "die":
        this.runs.delete(step.run);
        return;
      case "forget":
        this.manifests.delete([...this.manifests.keys()][step.choice % Math.max(1, this.manifests.size)] ?? 0);
        return;
      case "sweep-reads":
        this.reading = {
          nowMs: this.nowMs,
          referred: new Set([...this.manifests.values()].flatMap((refers) => [...refers])),
          condemned: this.condemned,
        };
        return;
      case "sweep-acts":
        this.act();
    }
  }

  /** A sweep that was read long ago is begun anew, as the adapter does. */
  private act(): void {
    const reading = this.reading;
    this.reading = null;
    if (reading === null || this.nowMs - reading.nowMs > MANIFEST_MS_MAX) return;
    const objects = [...this.objects].map(([key, modifiedMs]) => ({ key, sizeBytes: 1, modifiedMs }));
    const { condemn, spare, remove } = decideSweep({ ...reading, objects });
    for (const { key } of remove) this.objects.delete(key);
    this.removed += remove.length;
    const gone = new Set([...spare, ...remove.map(({ key }) => key)]);
    this.condemned = [...this.condemned.filter(({ key }) => !gone.has(key)), ...condemn.map(({ key }) => ({ key, atMs: this.nowMs }))];
  }

  lost(): string[] {
    return [...this.manifests.values()].flatMap((refers) => [...refers].filter((key) => !this.objects.has(key)));
  }
}

const run = fc.integer({ min: 0, max: 2 });
const steps = fc
  .oneof(
    fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1_000, MANIFEST_MS_MAX / 2, GRACE_MS / 2, GRACE_MS + 1) }),
    ...(["begin", "store", "look", "write", "die"] as const).map((kind) => fc.record({ kind: fc.constant(kind), run })),
    fc.record({ kind: fc.constant("refer" as const), run, choice: fc.nat({ max: 20 }) }),
    fc.record({ kind: fc.constant("forget" as const), choice: fc.nat({ max: 20 }) }),
    fc.record({ kind: fc.constantFrom("sweep-reads" as const, "sweep-acts" as const) }),
  )
  .map((step): Step[] => [step]);
/** What random single steps seldom come to: a whole run, a whole sweep, a day between. */
const runOf = (run: number): Step[] => [
  { kind: "begin", run },
  { kind: "store", run },
  { kind: "refer", run, choice: run },
  { kind: "look", run },
  { kind: "write", run },
];
const sweep: Step[] = [{ kind: "sweep-reads" }, { kind: "sweep-acts" }];
const day: Step[] = [{ kind: "pass", ms: GRACE_MS + 1 }];
const histories = fc
  .array(fc.oneof({ weight: 4, arbitrary: steps }, { weight: 1, arbitrary: fc.constantFrom(runOf(0), sweep, day, [...day, ...sweep]) }), {
    minLength: 20,
    maxLength: 100,
  })
  .map((parts) => parts.flat());

describe("a sweep beside running backups", () => {
  it("never removes what a stored manifest names, in 2,000 interleavings", () => {
    let removed = 0;
    fc.assert(
      fc.property(histories, (history) => {
        const vault = new Vault();
        for (const step of history) {
          vault.step(step);
          expect(vault.lost()).toEqual([]);
        }
        removed += vault.removed;
      }),
      { numRuns: 2_000 },
    );
    // The law would also hold of a sweep that removes nothing.
    expect(removed).toBeGreaterThan(100);
  });

  it("ends a run whose pack is condemned while it runs: the removal may come between its look and its manifest", () => {
    const vault = new Vault();
    const stored: Step[] = [{ kind: "begin", run: 0 }, { kind: "store", run: 0 }, { kind: "die", run: 0 }, ...day];
    const slow: Step[] = [
      { kind: "begin", run: 1 },
      { kind: "refer", run: 1, choice: 0 },
      ...sweep,
      { kind: "pass", ms: GRACE_MS },
      { kind: "look", run: 1 },
      { kind: "pass", ms: 1_000 },
      ...sweep,
      { kind: "write", run: 1 },
    ];
    for (const step of [...stored, ...slow]) vault.step(step);
    expect(vault.removed).toBe(1);
    expect(vault.manifests.size).toBe(0);
  });

  it("leaves what a run that died has just stored to the next run", () => {
    const objects = [{ key: "a", sizeBytes: 1, modifiedMs: 0 }];
    expect(decideSweep({ objects, referred: new Set(), condemned: [], nowMs: GRACE_MS }).condemn).toEqual([]);
  });

  it("gives everything back that no backup refers to, after two sweeps a grace apart", () => {
    const objects = [{ key: "a", sizeBytes: 1, modifiedMs: 0 }];
    const first = decideSweep({ objects, referred: new Set(), condemned: [], nowMs: GRACE_MS + 1 });
    expect(first).toMatchObject({ condemn: objects, remove: [] });
    const condemned = [{ key: "a", atMs: GRACE_MS + 1 }];
    expect(decideSweep({ objects, referred: new Set(), condemned, nowMs: 2 * GRACE_MS + 1 })).toMatchObject({ condemn: [], remove: [] });
    expect(decideSweep({ objects, referred: new Set(), condemned, nowMs: 2 * GRACE_MS + 2 })).toMatchObject({ condemn: [], remove: objects });
  });
});
