/** What one sender can take from others: its own, a bounded part of what strangers share, and nothing from who is known. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { admission, senderOf } from "../../agent/admission.ts";

const LIMITS = {
  requests: { sender: { perSecond: 10, burst: 20 }, strangers: { perSecond: 50, burst: 50 } },
  connections: { sender: 4, strangers: 10 },
};
const HONEST = "10.0.0.1";
const stranger = (index: number) => `10.1.${index >> 8}.${index & 255}`;

function opened() {
  let nowMs = 0;
  const senders = admission(LIMITS, () => nowMs);
  const flood = (address: string, requests: number) => Array.from({ length: requests }, () => senders.request(address)).filter(Boolean).length;
  return { senders, flood, pass: (ms: number) => (nowMs += ms) };
}

describe("requests", () => {
  test("of one stranger are never so many that another's first is refused", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 30 }), (floods) => {
        const { senders, flood, pass } = opened();
        for (const requests of floods) {
          flood(stranger(0), requests);
          pass(100);
        }
        expect(senders.request(HONEST)).toBe(true);
      }),
    );
  });

  test("of strangers at many addresses do not touch a sender that is known", () => {
    const { senders, flood } = opened();
    senders.request(HONEST);
    senders.vouch(HONEST);
    for (let index = 0; index < 3_000; index += 1) flood(stranger(index), 1);
    expect(senders.request(stranger(5_000))).toBe(false);
    expect(senders.request(HONEST)).toBe(true);
  });

  test("that are authentic use up nothing that strangers share, not even a sender's first", () => {
    const { senders, flood } = opened();
    for (let index = 0; index < 60; index += 1) {
      expect(senders.request(stranger(index))).toBe(true);
      senders.vouch(stranger(index));
    }
    const others = Array.from({ length: 50 }, (_, index) => flood(stranger(1_000 + index), 1));
    expect(others.every((admitted) => admitted === 1)).toBe(true);
  });

  test("of a known sender are bounded too, and it is a stranger again when it was not heard of for long", () => {
    const { senders, flood, pass } = opened();
    senders.vouch(HONEST);
    expect(flood(HONEST, 100)).toBe(20);
    pass(600_000);
    for (let index = 0; index < 60; index += 1) flood(stranger(index), 1);
    expect(senders.request(HONEST)).toBe(false);
  });
});

describe("connections", () => {
  test("of one sender end at its own limit, and each that closes makes room for one", () => {
    const { senders } = opened();
    const leave = Array.from({ length: 4 }, () => senders.connect(stranger(0)));
    expect(senders.connect(stranger(0))).toBeNull();
    expect(senders.connect(HONEST)).not.toBeNull();
    leave[0]?.();
    expect(senders.connect(stranger(0))).not.toBeNull();
    expect(senders.connect(stranger(0))).toBeNull();
  });

  test("of all strangers leave room for a sender that is known", () => {
    const { senders } = opened();
    senders.vouch(HONEST);
    const held = Array.from({ length: 20 }, (_, index) => senders.connect(stranger(index)));
    expect(held.filter((leave) => leave !== null)).toHaveLength(10);
    expect(senders.connect(HONEST)).not.toBeNull();
    held[0]?.();
    expect(senders.connect(stranger(99))).not.toBeNull();
  });
});

describe("a sender", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::5", "2001:db8:0:0::/64"],
    ["1::2:3:4:5:6", "1:0:0:2::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ])("at %s is %s", (address, sender) => {
    expect(senderOf(address)).toBe(sender);
  });
});
