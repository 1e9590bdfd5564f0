/** The directory stands still only for a note that says so, is let go whatever happened, and a holder of a role is never stopped. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Gate } from "../../agent/gate.ts";
import { holdsRole, standstillOf } from "../../agent/vault/standstill.ts";
import type { Standstill } from "../../agent/vault/vault-config.ts";
import { jobsRig, linesOf, newPipe, SOON, writingHook } from "../support/vault-jobs-rig.ts";

let folder = "";
let file = "";
let note = "";
const lines: unknown[] = [];
const log = { decision: (line: unknown) => void lines.push(line), warn: (message: string) => void lines.push(message) };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "synnergy-standstill-"));
  [file, note] = [join(folder, "hooks"), join(folder, "standing-still")];
  lines.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A gate of which only this is known: which roles it holds. */
const gateOf = (roles: readonly { role: string; held: boolean }[]): Pick<Gate, "view"> => ({
  view: () => roles.map(({ role, held }) => ({ role, grant: held ? { epoch: 1, fromSlot: 0, throughSlot: 9, remainingMs: 1_000 } : null })) as never,
});
const idle = gateOf([{ role: "validator", held: false }]);
const holding = gateOf([{ role: "validator", held: true }]);
const of = (standstill: Standstill, gate = idle) =>
  standstillOf({ fleet: "testnet", node: "n1", store: folder, gate, log }, { path: "/the/directory", standstill });
const stopping = (codes: { stop?: number; start?: number } = {}): Standstill => ({
  kind: "stop",
  stop: writingHook(file, { code: codes.stop ?? 0 }),
  start: writingHook(file, { code: codes.start ?? 0 }),
});
const told = (hook: string) => `${hook} testnet n1 /the/directory`;

describe("a directory that is to stand still", () => {
  test("is never stopped while any role is held, and no hook has run then", async () => {
    const anyRoles = fc.uniqueArray(fc.record({ role: fc.constantFrom("a", "b", "c", "d"), held: fc.boolean() }), { selector: ({ role }) => role });
    await fc.assert(
      fc.asyncProperty(anyRoles, async (roles) => {
        rmSync(file, { force: true });
        const held = roles.find((role) => role.held)?.role ?? null;
        expect(holdsRole(gateOf(roles))).toBe(held);
        const fault = await of(stopping(), gateOf(roles)).hold();
        if (held === null) expect(fault).toBeNull();
        else expect(fault).toMatchObject({ name: "RoleHeld", transient: true, sentence: expect.stringContaining(`holds ${held}`) });
        expect(linesOf(file)).toEqual(held === null ? [told("stop")] : []);
        expect(existsSync(note)).toBe(held === null);
        rmSync(note, { force: true });
      }),
      { numRuns: 30 },
    );
  });

  test("is flushed or snapshotted while a role is held, since the node goes on", async () => {
    for (const kind of ["hook", "snapshot"] as const) {
      rmSync(file, { force: true });
      const standstill = of({ kind, before: writingHook(file), after: writingHook(file) }, holding);
      expect([await standstill.hold(), await standstill.letGo()]).toEqual([null, null]);
      expect(linesOf(file)).toEqual([told("before"), told("after")]);
    }
    const withoutAfter = of({ kind: "hook", before: writingHook(file) });
    expect([await withoutAfter.hold(), await withoutAfter.letGo(), existsSync(note)]).toEqual([null, null, false]);
  });

  test("is noted before its hook begins, until its end", async () => {
    const before = { command: ["/bin/sh", "-c", `test -e "${note}"`], timeoutMs: 2_000 };
    const standstill = of({ kind: "hook", before, after: before });
    expect(await standstill.hold()).toBeNull();
    expect(existsSync(note)).toBe(true);
    expect(await standstill.letGo()).toBeNull();
    expect(existsSync(note)).toBe(false);
  });

  test("is let go again where the hook that begins it fails", async () => {
    expect(await of(stopping({ stop: 3 })).hold()).toMatchObject({
      name: "HookFailed",
      sentence: expect.stringMatching(/stand still.*exit code 3/),
      transient: true,
    });
    expect(linesOf(file)).toEqual([told("stop"), told("start")]);
    expect(existsSync(note)).toBe(false);
  });

  test("stays noted where it could not be let go, and the next boot lets it go", async () => {
    const failing = of(stopping({ start: 1 }));
    await failing.hold();
    expect(await failing.letGo()).toMatchObject({ name: "HookFailed" });
    expect(existsSync(note)).toBe(true);
    rmSync(file);
    await of(stopping()).letGoOfEarlier();
    expect([linesOf(file), existsSync(note)]).toEqual([[told("start")], false]);
    await of(stopping()).letGoOfEarlier();
    expect(linesOf(file)).toEqual([told("start")]);
  });
});

describe("an agent that starts", () => {
  test("lets go of what an earlier boot held before it answers anybody", async () => {
    const pipe = newPipe(join(folder, "pipe"));
    const start = writingHook(file, { pipe });
    const rig = await jobsRig("http://127.0.0.1:9", ({ directory }) => ({
      directory: { path: directory, standstill: { kind: "stop", stop: writingHook(file), start } },
    }));
    mkdirSync(rig.store, { recursive: true });
    writeFileSync(join(rig.store, "standing-still"), "stop");
    let isStarted = false;
    const starting = rig.start().then(() => {
      isStarted = true;
    });
    await expect.poll(() => linesOf(file), SOON).toEqual([`start testnet n1 ${rig.directory}`]);
    expect(isStarted).toBe(false);
    writeFileSync(pipe, "go on");
    await starting;
    expect(existsSync(join(rig.store, "standing-still"))).toBe(false);
    expect(rig.world.lines).toContainEqual(expect.objectContaining({ kind: "standstill-ended" }));
    await rig.end();
  });
});
