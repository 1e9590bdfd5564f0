/** What is sealed to an agent opens for that agent, for that purpose, unchanged, and for nobody and nothing else. */
import { createCipheriv, createPublicKey, diffieHellman, hkdfSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newBoxKey, openBox, type SealedBox, sealTo } from "../../adapters/sealed-box.ts";

const own = newBoxKey();
const anyMessage = fc.uint8Array({ maxLength: 500 });
const anyContext = fc.string({ maxLength: 40 });
const sealedTo = (message: Uint8Array, context = "vault-access"): SealedBox => sealTo(own.publicKey, message, context);

function changed(text: string, change: (bytes: Buffer) => Buffer): string {
  return change(Buffer.from(text, "base64url")).toString("base64url");
}

/** All points of X25519 whose order divides eight, and those that are the same modulo p. */
const LOW_ORDER = [
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
].map((hex) => Buffer.from(hex, "hex").toString("base64url"));

/** The construction as the file's head tells it, from a shared secret. */
function sealedUnder(shared: Uint8Array, ephemeralKey: string, message: Buffer): SealedBox {
  const salt = Buffer.concat([Buffer.from(ephemeralKey, "base64url"), Buffer.from(own.publicKey, "base64url")]);
  const key = new Uint8Array(hkdfSync("sha256", shared, salt, "synnergy-ha/sealed-box/1\nvault-access", 32));
  const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12), { authTagLength: 16 });
  return { ephemeralKey, sealed: Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]).toString("base64url") };
}

describe("a sealed box", () => {
  it("opens for its key and its purpose, and holds what was put in", () => {
    fc.assert(
      fc.property(anyMessage, anyContext, (message, context) => {
        expect(openBox(own, sealedTo(message, context), context)).toEqual(Buffer.from(message));
      }),
    );
  });

  it("opens what another program has sealed by the same construction, with both public keys in the salt", () => {
    const ephemeral = newBoxKey();
    const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: createPublicKey(own.privateKey) });
    expect(openBox(own, sealedUnder(shared, ephemeral.publicKey, Buffer.from("a message")), "vault-access")?.toString()).toBe("a message");
  });

  it("opens for no other key and for no other purpose", () => {
    const other = newBoxKey();
    fc.assert(
      fc.property(anyMessage, anyContext, anyContext, (message, context, otherContext) => {
        const box = sealedTo(message, context);
        expect(openBox(other, box, context)).toBeNull();
        expect(openBox({ ...other, publicKey: own.publicKey }, box, context)).toBeNull();
        if (otherContext !== context) expect(openBox(own, box, otherContext)).toBeNull();
      }),
    );
  });

  it("does not open with one bit changed anywhere, the bit of the ephemeral key that X25519 ignores included", () => {
    const box = sealedTo(Buffer.from("credentials"));
    for (const field of ["ephemeralKey", "sealed"] as const)
      for (let bit = 0; bit < Buffer.from(box[field], "base64url").length * 8; bit += 1) {
        const flipped = changed(box[field], (bytes) => {
          bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          return bytes;
        });
        expect(openBox(own, { ...box, [field]: flipped }, "vault-access")).toBeNull();
      }
  });

  it("does not open where its end or its begin is cut off, or something is added", () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(600), fc.constantFrom("ephemeralKey" as const, "sealed" as const), (message, count, field) => {
        const box = sealedTo(message);
        const { length } = Buffer.from(box[field], "base64url");
        const cuts = [(bytes: Buffer) => bytes.subarray(0, count % length), (bytes: Buffer) => bytes.subarray(1 + (count % length))];
        for (const cut of [...cuts, (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)])])
          expect(openBox(own, { ...box, [field]: changed(box[field], cut) }, "vault-access")).toBeNull();
      }),
    );
  });

  it("does not open what was sealed over a point of low order, by somebody who knows no key", () => {
    /** With such a point the shared secret is zero for every recipient. */
    for (const point of LOW_ORDER) expect(openBox(own, sealedUnder(Buffer.alloc(32), point, Buffer.from("forged")), "vault-access")).toBeNull();
  });

  it("is made to no point of low order and to nothing that is no key", () => {
    for (const point of LOW_ORDER) expect(() => sealTo(point, Buffer.from("secret"), "vault-access")).toThrow();
    for (const key of ["", "AAAA", `${own.publicKey}AAAA`]) expect(() => sealTo(key, Buffer.from("secret"), "vault-access")).toThrow(RangeError);
  });

  it("hides the same message behind other bytes each time", () => {
    const message = Buffer.from("the same");
    const boxes = Array.from({ length: 50 }, () => sealedTo(message));
    expect(new Set(boxes.map(({ ephemeralKey }) => ephemeralKey)).size).toBe(50);
    expect(new Set(boxes.map(({ sealed }) => sealed)).size).toBe(50);
    for (const { sealed } of boxes) expect(Buffer.from(sealed, "base64url").includes(message)).toBe(false);
  });
});
