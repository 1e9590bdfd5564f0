/** EIP-3076: what was signed comes over whole, and nothing of another network, key or version does. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readInterchange, writeInterchange } from "../../../core/failover/stateful-failover/slashing-interchange.ts";

const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => `0x${Buffer.from(value).toString("hex")}`);
const validator = fc.record({ genesisValidatorsRoot: hex(32), publicKey: hex(48) });
const slots = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { maxLength: 20 });

/** The complete form, as other clients write it: roots beside slots, attestations, upper case. */
function complete(owner: { genesisValidatorsRoot: string; publicKey: string }, signed: readonly number[], attestations: number) {
  return {
    metadata: { interchange_format_version: "5", genesis_validators_root: owner.genesisValidatorsRoot.toUpperCase().replace("0X", "0x") },
    data: [
      {
        pubkey: owner.publicKey.toUpperCase().replace("0X", "0x"),
        signed_blocks: signed.map((slot) => ({ slot: String(slot), signing_root: owner.genesisValidatorsRoot })),
        signed_attestations: Array.from({ length: attestations }, () => ({ source_epoch: "1", target_epoch: "2" })),
      },
    ],
  };
}

describe("the slashing protection interchange", () => {
  it("brings back the very watermark that it took away", () => {
    fc.assert(
      fc.property(validator, fc.integer({ min: -1, max: 2 ** 40 }), (owner, watermark) => {
        const document: unknown = JSON.parse(JSON.stringify(writeInterchange(owner, watermark)));
        expect(readInterchange(document, owner)).toMatchObject({ kind: "read", watermark, otherKeys: 0 });
      }),
    );
  });

  it("raises to the highest block that anybody wrote down, and says what it did not take over", () => {
    fc.assert(
      fc.property(validator, slots, fc.nat(5), (owner, signed, attestations) => {
        const highest = signed.reduce((most, slot) => Math.max(most, slot), -1);
        expect(readInterchange(complete(owner, signed, attestations), owner)).toEqual({
          kind: "read",
          watermark: highest,
          blocks: signed.length,
          attestations,
          otherKeys: 0,
        });
      }),
    );
  });

  it("takes nothing from another network, another key or another version", () => {
    fc.assert(
      fc.property(validator, validator, slots, (owner, other, signed) => {
        fc.pre(owner.publicKey !== other.publicKey && owner.genesisValidatorsRoot !== other.genesisValidatorsRoot);
        const document = complete(owner, signed, 0);
        const refused = (reading: unknown) => expect(reading).toMatchObject({ kind: "refused" });
        refused(readInterchange(document, { ...owner, publicKey: other.publicKey }));
        refused(readInterchange(document, { ...owner, genesisValidatorsRoot: other.genesisValidatorsRoot }));
        refused(readInterchange({ ...document, metadata: { ...document.metadata, interchange_format_version: "4" } }, owner));
      }),
    );
  });

  it("refuses a document with one malformed slot whole, naming where it is", () => {
    const owner = { genesisValidatorsRoot: `0x${"ab".repeat(32)}`, publicKey: `0x${"cd".repeat(48)}` };
    for (const slot of ["-1", "1.5", "0x10", "01", "99999999999999999", 7]) {
      const document = complete(owner, [5], 0);
      const broken = { ...document, data: [{ ...document.data[0], signed_blocks: [{ slot: "9" }, { slot }] }] };
      expect(readInterchange(broken, owner)).toMatchObject({ kind: "refused", faults: [expect.stringContaining("data.0.signed_blocks.1.slot")] });
    }
  });
});
