/**
 * Who may come in. Each sender has connections and requests of its own, below what all strangers share, so that one that is
 * loud uses up its own. A sender that has lately proved to be the control plane draws on nothing that strangers share, so
 * that strangers at many addresses cannot lock it out once it is known. An address is all that is known of a sender before
 * its signature is: those behind one address share its limits, and strangers at many addresses can together keep out one
 * that comes for the first time. Against both only a firewall helps.
 */
import { isIP } from "node:net";
import { type Bucket, type Rate, tokenBucket } from "./rate.ts";

export type Admission = {
  /** Asked for each new connection; the returned function is to be called at its end. Null: close it. */
  connect(address: string): (() => void) | null;
  /** Asked for each request, before its body is read. */
  request(address: string): boolean;
};
export type Limits = {
  readonly requests: { readonly sender: Rate; readonly strangers: Rate };
  readonly connections: { readonly sender: number; readonly strangers: number };
};

/** Some 100 bytes each. A sender that was forgotten begins with a full bucket; the strangers' shared one still counts. */
const SENDERS_KEPT_MAX = 1_024;
/** Observers ask each second, from a few addresses; workflows come and go within minutes. */
const KNOWN_FOR_MS = 600_000;
const KNOWN_MAX = 64;

/** For the door on loopback, where there is one sender. */
export const everyone: Admission = { connect: () => () => undefined, request: () => true };

export function admission(limits: Limits, nowMs: () => number): Admission & { vouch(address: string): void } {
  const strangers = tokenBucket(limits.requests.strangers);
  const buckets = new Map<string, Bucket>();
  const open = new Map<string, number>();
  /** When each sender last proved itself. Strangers get no entry here, so they push none out. */
  const known = new Map<string, number>();
  let strangersOpen = 0;

  const isKnown = (sender: string): boolean => nowMs() - (known.get(sender) ?? Number.NEGATIVE_INFINITY) < KNOWN_FOR_MS;

  function bucketOf(sender: string): Bucket {
    const bucket = buckets.get(sender) ?? tokenBucket(limits.requests.sender);
    putLast(buckets, sender, bucket, SENDERS_KEPT_MAX);
    return bucket;
  }

  return {
    connect(address) {
      const sender = senderOf(address);
      const stranger = !isKnown(sender);
      const count = open.get(sender) ?? 0;
      if (count >= limits.connections.sender || (stranger && strangersOpen >= limits.connections.strangers)) return null;
      open.set(sender, count + 1);
      if (stranger) strangersOpen += 1;
      return () => {
        const left = (open.get(sender) ?? 1) - 1;
        if (left > 0) open.set(sender, left);
        else open.delete(sender);
        if (stranger) strangersOpen -= 1;
      };
    },

    request(address) {
      const sender = senderOf(address);
      return bucketOf(sender).take(nowMs()) && (isKnown(sender) || strangers.take(nowMs()));
    },

    /** The sender's request was authentic: it is no stranger, and what it took of the strangers' share is given back. */
    vouch(address) {
      const sender = senderOf(address);
      if (!isKnown(sender)) strangers.giveBack();
      putLast(known, sender, nowMs(), KNOWN_MAX);
    },
  };
}

/** The least recently put goes first. */
function putLast<T>(map: Map<string, T>, key: string, value: T, sizeMax: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > sizeMax && oldest !== undefined) map.delete(oldest);
}

/** An IPv4 address, however it is written, or the /64 of an IPv6 address: one host has all of that to itself. */
export function senderOf(address: string): string {
  const four = address.replace(/^::ffff:/i, "");
  if (isIP(four) !== 6) return four;
  const [left = "", right] = four.split("::");
  const before = left === "" ? [] : left.split(":");
  const after = right === undefined || right === "" ? [] : right.split(":");
  const zeros = right === undefined ? 0 : 8 - before.length - after.length;
  return `${[...before, ...Array<string>(zeros).fill("0"), ...after].slice(0, 4).join(":")}::/64`;
}
