/** Laws of the signed channel: what was signed opens, what was changed does not, and no purpose stands in for another. */
import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { delegationVerifier, readPinnedKeys } from "../../adapters/delegation-p256.ts";
import { newSigningKey, open, publicKeyOf, seal, seedOf, signedBytes, signingKeyFrom } from "../../adapters/signature-ed25519.ts";
import { CONTEXT } from "../../core/kernel/agent-protocol.ts";
import { DELEGATION_MS_MAX, DELEGATION_SKEW_MS } from "../../core/kernel/settings.ts";

const key = newSigningKey();
const publicKey = publicKeyOf(key);
const Anything = z.unknown();
const CONTEXTS = Object.values(CONTEXT);
/** Another letter of the alphabet that base64url writes with. */
const otherLetter = (letter: string): string => (letter === "A" ? "B" : "A");

describe("sealing", () => {
  test("what was sealed opens to the same value, under the same key and context only", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...CONTEXTS), fc.constantFrom(...CONTEXTS), (value, context, other) => {
        const sealed = seal(context, value, key);
        expect(open(context, sealed, publicKey, Anything)).toEqual({ kind: "opened", value: JSON.parse(JSON.stringify(value)) });
        expect(open(other, sealed, publicKey, Anything).kind).toBe(other === context ? "opened" : "forged");
        expect(open(context, sealed, publicKeyOf(newSigningKey()), Anything).kind).toBe("forged");
      }),
      { numRuns: 60 },
    );
  });

  test("no letter of payload or signature can be changed unnoticed", () => {
    const sealed = seal(CONTEXT.command, { kind: "report", text: "something to change" }, key);
    fc.assert(
      fc.property(fc.constantFrom("payload", "signature"), fc.nat(), (part, seed) => {
        const text = sealed[part as "payload" | "signature"];
        const at = seed % (text.length - 1);
        const changed = text.slice(0, at) + otherLetter(text[at] ?? "") + text.slice(at + 1);
        expect(open(CONTEXT.command, { ...sealed, [part]: changed }, publicKey, Anything).kind).toBe("forged");
      }),
    );
  });

  test("whatever a stranger sends is a value, never a throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ payload: fc.string(), signature: fc.string() })), fc.string(), (junk, anyKey) => {
        expect(open(CONTEXT.reply, junk, publicKey, Anything).kind).toBe("forged");
        expect(open(CONTEXT.reply, seal(CONTEXT.reply, 1, key), anyKey, Anything).kind).toBe("forged");
      }),
    );
  });

  test("a well signed value in another shape is malformed rather than forged", () => {
    expect(open(CONTEXT.reply, seal(CONTEXT.reply, { a: 1 }, key), publicKey, z.object({ b: z.int() })).kind).toBe("malformed");
  });

  test("a key comes back from its 32 bytes", () => {
    expect(publicKeyOf(signingKeyFrom(seedOf(key)))).toBe(publicKey);
  });
});

describe("delegation", () => {
  const control = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pinned = readPinnedKeys([control.publicKey.export({ format: "der", type: "spki" }).toString("base64")]);
  if (pinned.kind !== "pinned") throw new Error("the test's own key was not taken");
  const NOW = 1_800_000_000_000;

  function delegate(facts: { fleet?: string; notBeforeMs?: number; notAfterMs?: number; by?: typeof control.privateKey } = {}) {
    const { fleet = "testnet", notBeforeMs = NOW, notAfterMs = NOW + DELEGATION_MS_MAX, by = control.privateKey } = facts;
    const payload = Buffer.from(JSON.stringify({ fleet, sessionKey: publicKey, notBeforeMs, notAfterMs })).toString("base64url");
    return { payload, signature: sign("sha256", signedBytes(CONTEXT.delegation, payload), by).toString("base64url") };
  }
  const verify = delegationVerifier({ fleet: "testnet", keys: pinned.keys });

  test("is good from its beginning to its end, with the stated skew and no more, on the first look and on the next", () => {
    const sealed = delegate();
    fc.assert(
      fc.property(fc.integer({ min: -2 * DELEGATION_MS_MAX, max: 3 * DELEGATION_MS_MAX }), (offMs) => {
        const within = offMs >= -DELEGATION_SKEW_MS && offMs <= DELEGATION_MS_MAX + DELEGATION_SKEW_MS;
        expect(verify(sealed, NOW + offMs).kind).toBe(within ? "delegated" : "expired");
      }),
    );
  });

  test("by a key that is not pinned is forged", () => {
    expect(verify(delegate({ by: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey }), NOW).kind).toBe("forged");
  });

  test("for longer than an hour is refused, whoever signed it", () => {
    expect(verify(delegate({ notAfterMs: NOW + DELEGATION_MS_MAX + 1 }), NOW).kind).toBe("forged");
  });

  test("for another fleet is refused", () => {
    expect(verify(delegate({ fleet: "mainnet" }), NOW).kind).toBe("misdirected");
  });

  test("only P-256 keys can be pinned", () => {
    const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ format: "der", type: "spki" });
    expect(readPinnedKeys([p384.toString("base64")]).kind).toBe("invalid");
    expect(readPinnedKeys(["bm90IGEga2V5"]).kind).toBe("invalid");
  });
});
