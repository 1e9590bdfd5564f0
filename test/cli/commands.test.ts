import { describe, expect, it } from "vitest";
import { verifyToken } from "../../adapters/argon2-layer.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { COMMANDS, runHa } from "../../cli/run.ts";
import { RegistryUnavailable } from "../../core/kernel/errors.ts";
import { incidentId, RoleName } from "../../core/kernel/ids.ts";
import { eventKey, eventOf, incidentOf, leaseOf, lineOf, NOW_MS, openRig, TOKEN, writeIncident } from "./rig.ts";

const waiting = incidentOf({
  status: "awaiting-approval",
  endedAtMs: null,
  outcome: null,
  approval: { taskToken: TOKEN, region: "us-east-1", expiresAtMs: NOW_MS + 60_000, decidedBy: null },
});

describe("every command", () => {
  it("has a summary and an example, and --help ends well without opening anything", async () => {
    for (const command of COMMANDS) {
      expect(command.examples.length, command.usage).toBeGreaterThan(0);
      const terminal = { out: { write: () => {} }, err: { write: () => {} }, colours: false, signal: new AbortController().signal };
      const code = await runHa([command.usage.split(" ")[0] ?? "", "--help"], () => expect.unreachable(), terminal);
      expect(code, command.usage).toBe(EXIT.ok);
    }
  });

  it("answers --json with one object whose ok tells how it ended, also when it failed", async () => {
    const { ha, registry } = openRig();
    await registry.write("lease", "primary", leaseOf(), "any");
    for (const args of [
      ["status"],
      ["nodes"],
      ["events"],
      ["incidents"],
      ["operator", "list"],
      ["incident"],
      ["fault", "--list"],
      ["mode", "primary", "loud"],
    ]) {
      const { code, out } = await ha(...args, "--json");
      expect(JSON.parse(out).ok, args.join(" ")).toBe(code === EXIT.ok);
    }
  });

  it("says unreachable, and what to check, when the account does not answer", async () => {
    const { operations } = openRig();
    const unreachable = async () => {
      throw new RegistryUnavailable({ action: "list lease", cause: "connect ECONNREFUSED" });
    };
    const registry = { ...operations.registry, list: unreachable, read: unreachable };
    let err = "";
    const terminal = {
      out: { write: () => {} },
      err: { write: (text: string) => (err += text) },
      colours: false,
      signal: new AbortController().signal,
    };
    const code = await runHa(["status"], () => ({ ...operations, registry }), terminal);
    expect(code).toBe(EXIT.unreachable);
    expect(err).toContain("--region");
  });
});

describe("a slip of the finger", () => {
  it("is answered with the name that was meant: a command, a role, a node", async () => {
    const { ha, started } = openRig();
    expect(await ha("stauts")).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("status") });
    expect(await ha("failover", "primry")).toMatchObject({ code: EXIT.notFound, err: expect.stringContaining('did you mean "primary"?') });
    expect(await ha("failover", "primary", "--to", "n22")).toMatchObject({ code: EXIT.notFound, err: expect.stringContaining("n1, n2, n3, n4") });
    expect(started).toEqual([]);
  });
});

describe("failover", () => {
  it("hands the workflow who asked for what, and nothing else than was typed", async () => {
    const { ha, started } = openRig();
    const { code } = await ha("failover", "primary", "--to", "n2", "--reason", "disk is failing", "--no-wait");
    expect(code).toBe(EXIT.ok);
    expect(started[0]?.input).toEqual({
      fleet: "rehearsal",
      role: "primary",
      kind: "failover",
      to: "n2",
      reason: "disk is failing",
      requestedBy: "anna",
    });
    expect(started[0]?.name).toMatch(/^[A-Za-z0-9_-]{1,80}$/);
  });

  it("stays until the incident of its own execution is over, and ends with its story and its end's code", async () => {
    for (const [status, expected] of [
      ["resolved", EXIT.ok],
      ["escalated", EXIT.failed],
      ["recorded", EXIT.refused],
      ["awaiting-approval", EXIT.refused],
    ] as const) {
      const rig = openRig({
        onStart: async ({ name }) => {
          const incident = incidentOf({ ...(status === "awaiting-approval" ? waiting : {}), status, owner: `execution:${name}` });
          await writeIncident(rig.registry, incident, [lineOf(incident.id, NOW_MS, "FencePrimary", "n1 is fenced")]);
          await rig.registry.write("roleIncident", "primary", { role: incident.role, open: incident.id, last: null }, "any");
        },
      });
      const { code, out } = await rig.ha("switchover", "primary");
      expect(code, status).toBe(expected);
      expect(out).toContain("n1 is fenced");
      expect(out).toContain("What to do next");
    }
  });
});

describe("approve and reject", () => {
  it("hand over the decision once, with the name of who decided, and write it into the journal", async () => {
    for (const word of ["approve", "reject"] as const) {
      const { ha, registry, decided } = openRig();
      await writeIncident(registry, waiting);
      const { code, out } = await ha(word, "primary");
      expect(code).toBe(EXIT.ok);
      expect(out).not.toContain(TOKEN);
      expect(decided).toEqual([{ taskToken: TOKEN, approved: word === "approve", by: "anna" }]);
      const [line] = await registry.list("journal", { prefix: waiting.id, limit: 10 });
      expect(line?.value.text).toContain("anna");
    }
  });

  it("refuse an incident that waits for nobody, or whose time has run out, and write nothing", async () => {
    const over = openRig();
    await writeIncident(over.registry, incidentOf());
    expect((await over.ha("approve", "latest")).code).toBe(EXIT.refused);
    expect(over.decided).toEqual([]);
    const late = openRig({ decision: "gone" });
    await writeIncident(late.registry, waiting);
    expect((await late.ha("approve", waiting.id)).code).toBe(EXIT.refused);
    expect(await late.registry.list("journal", { limit: 10 })).toEqual([]);
  });
});

it("mode keeps what was set, by whom, and tells the bus", async () => {
  const { ha, registry, bus } = openRig();
  expect((await ha("mode", "primary", "approve")).code).toBe(EXIT.ok);
  expect(await registry.read("roleMode", "primary")).toMatchObject({ value: { mode: "approve", setBy: "anna" } });
  expect(bus.published).toMatchObject([{ name: "failover.mode-changed", detail: { role: "primary", mode: "approve" } }]);
});

describe("operators", () => {
  it("get a token that is shown once, verifies, and is stored nowhere", async () => {
    const { ha, registry } = openRig();
    const { token } = JSON.parse((await ha("operator", "add", "berta", "--json")).out);
    const stored = await registry.read("operator", "berta");
    expect(stored.kind === "found" && (await verifyToken(stored.value.tokenHash, token))).toBe(true);
    expect(JSON.stringify(stored)).not.toContain(token);
    expect((await ha("operator", "list")).out).toContain("berta");
    expect((await ha("operator", "list", "--json")).out).not.toContain("argon2id");
  });

  it("are never overwritten by a second add, and a removed one is gone", async () => {
    const { ha } = openRig();
    await ha("operator", "add", "berta");
    expect((await ha("operator", "add", "berta")).code).toBe(EXIT.refused);
    expect((await ha("operator", "remove", "berta")).code).toBe(EXIT.ok);
    expect((await ha("operator", "remove", "berta")).code).toBe(EXIT.notFound);
    expect((await ha("operator", "add", "../x")).code).toBe(EXIT.usage);
  });
});

it("faults are refused where no rehearsal runs", async () => {
  expect(await openRig().ha("fault", "kill", "n1")).toMatchObject({ code: EXIT.refused, err: expect.stringContaining("npm start") });
});

it("incident finds the newest over all roles, although ids sort by role first", async () => {
  const { ha, registry } = openRig();
  await writeIncident(registry, incidentOf());
  await writeIncident(registry, incidentOf({ id: incidentId("archive", NOW_MS + 1), role: RoleName.parse("archive"), openedAtMs: NOW_MS + 1 }));
  expect((await ha("incident", "latest")).out).toContain(incidentId("archive", NOW_MS + 1));
  expect((await ha("incident", "primary")).out).toContain(incidentOf().id);
});

it("events are shown from the asked time on, and a time that nobody understands is refused", async () => {
  const { ha, registry } = openRig();
  for (const [id, agoMs] of [
    ["older000", 1_000_000],
    ["newer000", 100_000],
  ] as const) {
    const event = eventOf(id, NOW_MS - agoMs, "another.thing", { id });
    await registry.write("event", eventKey(event), event, "any");
  }
  const { out } = await ha("events", "--since", "5m");
  expect(out).toContain("newer000");
  expect(out).not.toContain("older000");
  expect((await ha("events", "--since", "noon")).code).toBe(EXIT.usage);
});
