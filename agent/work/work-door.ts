/**
 * What comes in at `POST /v1/work`: whose word it is, whether it is new, and only then what it says. Whatever is refused is counted and
 * costs no step. The newest report of each peer is kept; messages go to the trader. A peer with a good key may still be loud: it
 * has a limit of its own, which recorded words do not use up.
 */
import { openWord, type Peer, type WordRefusal } from "../../adapters/peers-http.ts";
import type { FleetId, NodeId } from "../../core/kernel/ids.ts";
import type { Clock, Log } from "../../core/kernel/ports.ts";
import type { WorkReport, WorkView } from "../../core/kernel/work-trade.ts";
import type { TradeRules } from "../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import type { Answered } from "../http-server.ts";
import { type Bucket, tokenBucket } from "../rate.ts";
import type { Trader } from "./trader.ts";

/** A round has a report and four messages; the shortest round is a second. */
const WORDS = { perSecond: 10, burst: 30 };

type Refused = WorkView["refused"];
const COUNTED: ReadonlySet<string> = new Set(["stranger", "forged", "misdirected", "replayed", "expired"] satisfies (keyof Refused)[]);

export type WorkDoor = ReturnType<typeof workDoor>;

export function workDoor(options: {
  fleet: FleetId;
  self: NodeId;
  peers: readonly Peer[];
  rules: TradeRules;
  trader: Pick<Trader, "hear" | "screen">;
  clock: Pick<Clock, "monotonicMs" | "wallMs">;
  log: Log;
}) {
  const { fleet, self, rules, trader, clock, log } = options;
  const keys = new Map(options.peers.map(({ id, agentKey }) => [id, agentKey]));
  const buckets = new Map<NodeId, Bucket>(options.peers.map(({ id }) => [id, tokenBucket(WORDS)]));
  const newest = new Map<NodeId, WorkReport>();
  const refused: Refused = { stranger: 0, forged: 0, misdirected: 0, replayed: 0, expired: 0 };
  /** Of each kind only the first is told: a flood of them must not fill the log. */
  const told = new Set<string>();

  function refuse(status: number, { kind, reason }: WordRefusal | { kind: string; reason: string }): Answered {
    if (COUNTED.has(kind)) {
      refused[kind as keyof Refused] += 1;
      if (!told.has(kind)) log.decision({ module: "agent", subject: self, kind: `work-word-${kind}`, reason });
      told.add(kind);
    }
    return { status, body: { error: `${kind}: ${reason}` } };
  }

  function screenReport({ node, atMs }: WorkReport): { kind: string; reason: string } {
    const nowMs = clock.wallMs();
    const known = newest.get(node);
    if (atMs - nowMs > rules.skewMsMax) return { kind: "expired", reason: `${node}'s report is of the future` };
    if (nowMs - atMs > rules.reportMsMax) return { kind: "expired", reason: `${node}'s report is too old` };
    if (known !== undefined && atMs <= known.atMs) return { kind: "replayed", reason: `${node} has reported later` };
    return { kind: "heard", reason: "it is new" };
  }

  return {
    /** `vouch` is called when the word is a peer's and new: whoever shows a recorded one is a stranger. */
    async answer(body: unknown, vouch: () => void): Promise<Answered> {
      const opened = openWord(body, { fleet, self, keyOf: (node) => keys.get(node) });
      if (opened.kind !== "opened") return refuse(opened.kind === "malformed" ? 400 : 403, opened);
      const { word } = opened;
      const screened = word.kind === "report" ? screenReport(word.report) : { reason: "it is new", ...trader.screen(word.message) };
      if (screened.kind !== "heard") return refuse(403, screened);
      if (!buckets.get(word.from)?.take(clock.monotonicMs())) return refuse(429, { kind: "too-many-words", reason: `of ${word.from}` });
      vouch();
      if (word.kind === "report") newest.set(word.from, word.report);
      const heard = word.kind === "report" ? "heard" : await trader.hear(word.message);
      if (heard === "busy" || heard === "shut") return { status: 503, body: { error: heard } };
      return COUNTED.has(heard) ? refuse(403, { kind: heard, reason: `a message of ${word.from}` }) : { status: 200, body: { kind: "heard" } };
    },
    reports: (): readonly WorkReport[] => [...newest.values()],
    refused: (): Refused => ({ ...refused }),
  };
}
