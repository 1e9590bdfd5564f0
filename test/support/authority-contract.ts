/** What every authority promises, whoever holds its P-256 key. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import type { Authority } from "../../adapters/authority-kms.ts";
import { delegationVerifier, readPinnedKeys } from "../../adapters/delegation-p256.ts";
import { open, seal } from "../../adapters/signature-ed25519.ts";
import { CONTEXT } from "../../core/kernel/agent-protocol.ts";
import { DELEGATION_MS_MAX } from "../../core/kernel/settings.ts";
import { settableClock } from "./settable-clock.ts";

type Make = (options: { fleet: string; clock: ReturnType<typeof settableClock> }) => Promise<{ authority: Authority; publicKey: string }>;

export function holdsTheAuthorityContract(name: string, make: Make): void {
  describe(`the authority of ${name}`, () => {
    async function setUp() {
      const clock = settableClock();
      const { authority, publicKey } = await make({ fleet: "testnet", clock });
      const pinned = readPinnedKeys([publicKey]);
      if (pinned.kind !== "pinned") throw new Error(pinned.faults.join("; "));
      return { clock, authority, verify: delegationVerifier({ fleet: "testnet", keys: pinned.keys }) };
    }

    test("hands out sessions whose delegation an agent that pins the key accepts, for what it signs", async () => {
      const { clock, authority, verify } = await setUp();
      const { privateKey, delegation } = await authority.session();
      const verdict = verify(delegation, clock.wallMs());
      expect(verdict.kind).toBe("delegated");
      if (verdict.kind !== "delegated") return;
      expect(open(CONTEXT.command, seal(CONTEXT.command, { a: 1 }, privateKey), verdict.delegation.sessionKey, z.unknown()).kind).toBe("opened");
    });

    test("never hands out a session that an agent would not accept for another minute, at whatever times it is asked", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 2 * DELEGATION_MS_MAX }), { maxLength: 6 }), async (stepsMs) => {
          const { clock, authority, verify } = await setUp();
          for (const stepMs of [0, ...stepsMs]) {
            clock.set(clock.wallMs() + stepMs);
            const { delegation } = await authority.session();
            const verdict = verify(delegation, clock.wallMs());
            expect(verdict.kind).toBe("delegated");
            if (verdict.kind === "delegated") expect(verdict.delegation.notAfterMs - clock.wallMs()).toBeGreaterThanOrEqual(60_000);
          }
        }),
        // Found by this property: a renewal that begins before a freeze and ends after it.
        { numRuns: 5, examples: [[[1_800_000, 3_540_001]]] },
      );
    });

    test("makes one session for callers at the same time, and keeps it for half of its life", async () => {
      const { clock, authority } = await setUp();
      const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => authority.session()));
      expect(new Set(others)).toEqual(new Set([first]));
      clock.set(clock.wallMs() + DELEGATION_MS_MAX / 2 - 1);
      expect(await authority.session()).toBe(first);
      clock.set(clock.wallMs() + 1);
      expect(await authority.session(), "the renewal keeps nobody waiting").toBe(first);
      await expect.poll(() => authority.session()).not.toBe(first);
    });
  });
}
