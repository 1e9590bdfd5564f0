/** Counts what a Region lacks, each object once, and says of each whether it is to be copied now. */
import { keyringKey } from "../vault/keyring.ts";
import { GRACE_MS } from "../vault/sweep.ts";
import { holds, type Needed } from "./completeness.ts";
import { type Absent, absentHere, absentKeyring, type RegionCopy } from "./wanted.ts";

type Facts = {
  readonly here: RegionCopy;
  readonly others: readonly RegionCopy[];
  readonly firstMs: ReadonlyMap<string, number>;
  readonly nowMs: number;
  readonly arrivingMs: number;
};

export class Tally {
  private readonly facts: Facts;
  private readonly judged = new Set<string>();
  private readonly missing: string[] = [];
  private readonly arriving: string[] = [];
  private readonly damaged: string[] = [];
  private readonly nowhere: string[] = [];
  private readonly unvouched: string[] = [];
  private oldestMs: number | null = null;
  /** The highest keyring that is here, or is to be copied or to arrive. */
  private keyring: number;

  constructor(facts: Facts) {
    this.facts = facts;
    this.keyring = facts.here.keyrings.at(-1) ?? 0;
  }

  /** Null where nothing is to be copied. */
  judge(needed: Needed & { digest?: string }): Absent | null {
    if (this.judged.has(needed.key)) return null;
    this.judged.add(needed.key);
    const { here, others } = this.facts;
    if (!here.objects.has(needed.key)) return this.judgeAbsent(absentHere(here, others, needed));
    if (!holds(here, needed)) this.damaged.push(needed.key);
    return null;
  }

  judgeKeyring(number: number): Absent | null {
    if (number <= this.keyring) return null;
    this.keyring = number;
    const absent = absentKeyring(this.facts.here, this.facts.others, number);
    if (absent !== null) this.judged.add(absent.key);
    return this.judgeAbsent(absent);
  }

  /** After all backups: one that counts elsewhere and that none of them vouches for is told and not copied. */
  judgeNewestKeyring(): void {
    const { others, firstMs, nowMs, arrivingMs } = this.facts;
    const newest = Math.max(0, ...others.map(({ keyrings }) => keyrings.at(-1) ?? 0));
    const key = keyringKey(newest);
    if (newest <= this.keyring || this.judged.has(key)) return;
    this.judged.add(key);
    const atMs = firstMs.get(key) ?? nowMs;
    this.noteAge(atMs);
    (nowMs - atMs < arrivingMs ? this.arriving : this.unvouched).push(key);
  }

  /** Something that another Region has and no backup names. Older than a day it may have been swept here. */
  noteUnnamed(key: string): void {
    const { here, firstMs, nowMs } = this.facts;
    const atMs = firstMs.get(key) ?? nowMs;
    if (here.objects.has(key) || this.judged.has(key) || nowMs - atMs > GRACE_MS) return;
    this.judged.add(key);
    this.noteAge(atMs);
    this.arriving.push(key);
  }

  found() {
    const { missing, arriving, damaged, nowhere, unvouched, oldestMs } = this;
    return { missing, arriving, damaged, nowhere, unvouched, oldestMs };
  }

  private judgeAbsent(absent: Absent | null): Absent | null {
    if (absent === null) return null;
    const { firstMs, nowMs, arrivingMs } = this.facts;
    if (absent.from.length === 0) {
      this.nowhere.push(absent.key);
      return null;
    }
    const atMs = firstMs.get(absent.key) ?? nowMs;
    this.noteAge(atMs);
    if (nowMs - atMs < arrivingMs) {
      this.arriving.push(absent.key);
      return null;
    }
    this.missing.push(absent.key);
    return absent;
  }

  private noteAge(atMs: number): void {
    this.oldestMs = Math.min(atMs, this.oldestMs ?? atMs);
  }
}
