/** Laws of the signed channel end to end: a real agent on real sockets, spoken to by the control plane's own adapter. */
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { localAuthority } from "../../adapters/authority-kms.ts";
import { seal } from "../../adapters/signature-ed25519.ts";
import type { RunningAgent } from "../../agent/start.ts";
import { CONTEXT, type CommandEnvelope } from "../../core/kernel/agent-protocol.ts";
import { NodeId } from "../../core/kernel/ids.ts";
import { DELEGATION_MS_MAX, DELEGATION_SKEW_MS } from "../../core/kernel/settings.ts";
import { agentRig, type Control, controlPlane, FLEET, LEASE_MS, NODE, type Rig, ROLE } from "../support/agent-rig.ts";
import { settableClock } from "../support/settable-clock.ts";

let rig: Rig;
let agent: RunningAgent;
let control: Control;
beforeEach(async () => {
  rig = await agentRig();
  agent = await rig.start();
  control = rig.control;
});
afterEach(() => rig.end());

async function post(body: unknown): Promise<{ status: number; reply: Record<string, unknown> | null }> {
  const response = await fetch(`http://127.0.0.1:${agent.commandPort}/v1/command`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const sealed = (await response.json()) as { payload?: string };
  return { status: response.status, reply: sealed.payload === undefined ? null : JSON.parse(Buffer.from(sealed.payload, "base64url").toString()) };
}

/** A command as it stands on the wire, for a recorder to keep. */
async function onTheWire(command: Record<string, unknown>): Promise<CommandEnvelope> {
  const { privateKey, delegation } = await localAuthority({ fleet: FLEET, clock: rig.clock, privateKey: rig.controlKey }).session();
  const challenge = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
  return { ...seal(CONTEXT.command, { fleet: FLEET, node: NODE, challenge, ...command }, privateKey), delegation };
}

describe("whom the agent obeys", () => {
  test("a recorded command is refused when it is replayed, whatever it was, and counted", async () => {
    const { nonce } = await control.report();
    const recorded = [
      await onTheWire({ kind: "report", probe: [] }),
      await onTheWire({ kind: "grant", nonce, grant: { role: ROLE, epoch: 1, leaseMs: LEASE_MS, fromSlot: 0, throughSlot: 9 } }),
      await onTheWire({ kind: "checkpoint", role: ROLE }),
    ];
    for (const envelope of recorded) expect((await post(envelope)).reply?.kind).not.toBe("refused");
    for (const envelope of recorded) expect((await post(envelope)).reply).toMatchObject({ kind: "refused", code: "replayed" });
    expect((await control.report()).refused.replayed).toBe(3);
  });

  test("a grant recorded before a restart is refused after it, since its nonce was another boot's", async () => {
    const { nonce } = await control.report();
    const recorded = await onTheWire({ kind: "grant", nonce, grant: { role: ROLE, epoch: 1, leaseMs: LEASE_MS, fromSlot: 0, throughSlot: 9 } });
    await rig.stop(agent);
    agent = await rig.start();
    expect((await post(recorded)).reply).toMatchObject({ kind: "refused", code: "replayed" });
    expect(await rig.sign(1)).toMatchObject({ kind: "no" });
  });

  test("a command for another node or another fleet is refused and counted", async () => {
    expect(await control.call({ kind: "report", probe: [] }, NodeId.parse("n2"))).toMatchObject({ kind: "untrusted" });
    expect((await post(await onTheWire({ kind: "report", node: "n2" }))).reply).toMatchObject({ kind: "refused", code: "wrong-audience" });
    expect((await post(await onTheWire({ kind: "report", fleet: "mainnet" }))).reply).toMatchObject({ kind: "refused", code: "wrong-audience" });
    expect((await control.report()).refused.misdirected).toBe(3);
  });

  test("a key that is not pinned commands nothing", async () => {
    const stranger = controlPlane({
      url: `http://127.0.0.1:${agent.commandPort}`,
      agentKey: rig.agentKey,
      clock: rig.clock,
      privateKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
    });
    expect(await stranger.call({ kind: "report", probe: [] })).toMatchObject({ kind: "refused", code: "forged" });
    stranger.close();
  });

  test("a delegation from a clock that is hours behind is refused as expired", async () => {
    const behind = settableClock(rig.clock.wallMs() - DELEGATION_MS_MAX - DELEGATION_SKEW_MS - 1_000);
    const authority = localAuthority({ fleet: FLEET, clock: behind, privateKey: rig.controlKey });
    const late = controlPlane({
      url: `http://127.0.0.1:${agent.commandPort}`,
      agentKey: rig.agentKey,
      clock: rig.clock,
      privateKey: rig.controlKey,
      authority,
    });
    expect(await late.call({ kind: "report", probe: [] })).toMatchObject({ kind: "refused", code: "delegation-expired" });
    late.close();
  });

  test("no letter of a command can be changed unnoticed", async () => {
    const envelope = await onTheWire({ kind: "fence", nonce: (await control.report()).nonce, role: ROLE, epoch: 7, after: "now" });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("payload", "signature"), fc.nat(), async (part, seed) => {
        const text = envelope[part as "payload" | "signature"];
        const at = seed % (text.length - 1);
        const changed = { ...envelope, [part]: text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1) };
        const { reply } = await post(changed);
        expect(reply === null || (reply.kind === "refused" && reply.code === "forged")).toBe(true);
      }),
      { numRuns: 40 },
    );
    expect(agent.agent.gate.storedOf(ROLE).fencedThrough).toBe(0);
  });

  test("whatever is sent instead of a command is answered with a status, and the agent lives on", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (junk) => {
        expect((await post(junk)).status).toBe(400);
      }),
      { numRuns: 30 },
    );
    expect((await post("x".repeat(600_000)).catch(() => ({ status: 413 }))).status).toBe(413);
    expect((await control.report()).boot.bootId).toBe(agent.agent.gate.boot().bootId);
  });

  test("without a pinned control key it obeys nobody, and says why", async () => {
    agent.pin([]);
    expect(await control.call({ kind: "report", probe: [] })).toMatchObject({
      kind: "refused",
      code: "forged",
      reason: expect.stringContaining("pinned"),
    });
    expect(agent.pin(["not a key"])).toHaveLength(1);
  });

  test("a flood of reports is refused before it can push honest nonces out", async () => {
    const { nonce } = await control.report();
    const answers = await Promise.all(Array.from({ length: 120 }, () => control.call({ kind: "report", probe: [] })));
    expect(answers.filter((answer) => answer.kind === "refused" && answer.code === "too-many-requests").length).toBeGreaterThan(40);
    expect(await control.grant({}, nonce)).toMatchObject({ kind: "answered" });
  });
});
