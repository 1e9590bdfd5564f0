/** The local authority under the contract, and what any authority does when its key cannot be reached. */
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { delegatedAuthority, localAuthority } from "../../adapters/authority-kms.ts";
import { DELEGATION_MS_MAX } from "../../core/kernel/settings.ts";
import { holdsTheAuthorityContract } from "../support/authority-contract.ts";
import { settableClock } from "../support/settable-clock.ts";

holdsTheAuthorityContract("a local key", async (options) => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { authority: localAuthority({ ...options, privateKey }), publicKey: publicKey.export({ format: "der", type: "spki" }).toString("base64") };
});

describe("an authority whose key does not answer", () => {
  function failing() {
    const clock = settableClock();
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const state = { up: true, asked: 0 };
    const authority = delegatedAuthority({
      fleet: "testnet",
      clock,
      async signP256(bytes) {
        state.asked += 1;
        if (!state.up) throw new Error("no route to the key");
        return sign("sha256", bytes, privateKey);
      },
    });
    return { clock, state, authority };
  }

  test("throws AuthorityUnavailable when there is no session yet", async () => {
    const { state, authority } = failing();
    state.up = false;
    await expect(authority.session()).rejects.toMatchObject({ name: "AuthorityUnavailable", transient: true });
    state.up = true;
    await expect(authority.session()).resolves.toBeDefined();
  });

  test("goes on with the session at hand while it lasts, asks seldom meanwhile, and throws when it has ended", async () => {
    const { clock, state, authority } = failing();
    const session = await authority.session();
    state.up = false;
    clock.set(clock.wallMs() + DELEGATION_MS_MAX / 2);
    for (let call = 0; call < 50; call += 1) expect(await authority.session()).toBe(session);
    expect(state.asked).toBe(2);
    clock.set(clock.wallMs() + DELEGATION_MS_MAX / 2);
    await expect(authority.session()).rejects.toMatchObject({ name: "AuthorityUnavailable" });
  });
});
