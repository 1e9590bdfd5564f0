/** A new user's way through the README's first screen, in order, on one rehearsal: each step finds what the one before left. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateEventBusCommand, EventBridgeClient, ListEventBusesCommand, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resourceNames } from "../../core/kernel/names.ts";
import { CREDENTIALS } from "../../localstack/deploy/cdk.ts";
import { freePort } from "../../localstack/emulator/port.ts";
import { waitFor } from "../../localstack/wait-for.ts";
import { startTestEmulator } from "../support/emulator.ts";
import { groupsOf, ha, haData, type Started, startRehearsal, stillRunning } from "../support/new-user.ts";

const FLEET = "rehearsal";
const GONE_MS_MAX = 15_000;
const MOVE_MS_MAX = 60_000;

type Status = { roles: { role: string; holder: string | null; epoch: number; state: string; openIncident: { id: string; status: string } | null }[] };
type Listed = { incidents: { id: string; status: string; kind: string; endedAtMs: number | null }[] };

let folder: string;
let port: number;
let started: Started;

const roleNow = async () => {
  const [role] = (await haData<Status>(folder, "status")).roles;
  if (role === undefined) throw new Error("the fleet has no role");
  return role;
};
const newestIncident = async () => (await haData<Listed>(folder, "incidents")).incidents[0];
/** A cooldown after each move is policy here as anywhere, also for other systems' requests. */
const COOLDOWN_MS = 15_000;
const cooldownOver = () =>
  waitFor("the cooldown to be over", MOVE_MS_MAX, async () => Date.now() > ((await newestIncident())?.endedAtMs ?? 0) + COOLDOWN_MS);
const heldByAnother = (holder: string | null) =>
  waitFor("another holder", MOVE_MS_MAX, async () => {
    const role = await roleNow();
    return role.state === "held" && role.holder !== holder && role.openIncident === null ? role : false;
  });
const everyNodeHealthy = () =>
  waitFor("every node to be a healthy member", MOVE_MS_MAX * 2, async () => {
    const { nodes } = await haData<{ nodes: { standing: string; verdicts: { kind: string }[] }[] }>(folder, "nodes");
    return nodes.every((node) => node.standing === "member" && node.verdicts.every(({ kind }) => kind === "healthy"));
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "synnergy-new-user-"));
  port = await freePort();
  started = await startRehearsal(folder, port);
}, 240_000);

afterAll(async () => {
  started?.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("a new user", () => {
  it("sees one line a step with its time, then the feed", async () => {
    for (const step of ["emulator", "network", "synth", "bootstrap", "deploy", "agents, validators", "watched"]) {
      expect(started.output()).toMatch(new RegExp(`^ +\\d+\\.\\d s  ${step} +\\d+\\.\\d s`, "m"));
    }
    await waitFor("the feed", MOVE_MS_MAX, async () => /network live; primary n\d/.test(started.output()));
  });

  it("kills the holder's node, sees another node sign, and reads in the incident why", async () => {
    const before = await roleNow();
    const killed = await ha(folder, "fault", "kill", before.holder ?? "");
    expect(killed).toMatchObject({ exit: 0, err: "" });
    const after = await heldByAnother(before.holder);
    expect(after.epoch).toBe(before.epoch + 1);
    const { out, exit } = await ha(folder, "incident", "primary");
    expect(exit).toBe(0);
    expect(out).toContain(`${before.holder} was found dead by`);
    expect(out).toMatch(/VerifySigning +n\d signed slot \d+/);
    expect(out).toContain("What to do next");
  });

  it("asks who does what by node, event and incident, as tables and as data", async () => {
    expect((await ha(folder, "nodes")).out).toMatch(/n1.*\n.*n2/s);
    expect((await ha(folder, "events")).out).toContain("signs since slot");
    expect((await newestIncident())?.status).toBe("resolved");
    expect(await ha(folder, "incident", "no-such-incident")).toMatchObject({ exit: 3, out: "" });
    expect(await ha(folder, "mode", "primary", "sometimes")).toMatchObject({ exit: 2, out: "" });
  });

  it("moves the role back by a planned switchover, and waits until it is done", async () => {
    expect((await ha(folder, "fault", "heal")).exit).toBe(0);
    await everyNodeHealthy();
    const before = await roleNow();
    const moved = await ha(folder, "switchover", "primary");
    expect(moved.exit, moved.out + moved.err).toBe(0);
    expect(moved.out, moved.out).toMatch(/[01] slots? (was|were) missed/);
    expect((await roleNow()).epoch).toBe(before.epoch + 1);
  });

  it("lets a person without AWS credentials decide, by a token over HTTPS; a wrong token decides nothing", async () => {
    await everyNodeHealthy();
    expect((await ha(folder, "mode", "primary", "approve")).exit).toBe(0);
    const { token } = await haData<{ token: string }>(folder, "operator", "add", "anna");
    const before = await roleNow();
    expect((await ha(folder, "fault", "kill", before.holder ?? "")).exit).toBe(0);
    const waiting = await waitFor("an incident that waits for a person", MOVE_MS_MAX, async () => {
      const newest = await newestIncident();
      return newest?.status === "awaiting-approval" ? newest : false;
    });
    const decision = { incident: waiting.id, decision: "approve", operator: "anna" };
    expect(await post({ ...decision, token: "not-the-token-at-all" })).toBe(401);
    expect((await roleNow()).epoch).toBe(before.epoch);
    expect(await post({ ...decision, token })).toBe(200);
    await heldByAnother(before.holder);
    expect((await ha(folder, "incident", waiting.id)).out).toContain("anna");
    expect((await ha(folder, "mode", "primary", "auto")).exit).toBe(0);
    expect((await ha(folder, "fault", "heal")).exit).toBe(0);
  });

  it("has another system start a switchover by an event on the bus", async () => {
    await cooldownOver();
    const before = await roleNow();
    const bus = new EventBridgeClient({ endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", credentials: CREDENTIALS });
    const Detail = JSON.stringify({ fleet: FLEET, role: "primary", reason: "maintenance of the host", requestedBy: "patching" });
    const entry = { EventBusName: resourceNames(FLEET).bus, Source: "operator.patching", DetailType: "failover.requested", Detail };
    const { FailedEntryCount } = await bus.send(new PutEventsCommand({ Entries: [entry] })).finally(() => bus.destroy());
    expect(FailedEntryCount).toBe(0);
    expect((await heldByAnother(before.holder)).epoch).toBe(before.epoch + 1);
  });

  it("loses nothing running when the start is killed outright, and starts again in the same folder", async () => {
    const groups = groupsOf(folder);
    expect((await stillRunning(groups)).length).toBeGreaterThan(12);
    started.child.kill("SIGKILL");
    await waitFor("every process to be gone", GONE_MS_MAX, async () => (await stillRunning(groups)).length === 0);
    started = await startRehearsal(folder, port);
  }, 240_000);

  it("leaves no process behind with Ctrl-C", async () => {
    const groups = groupsOf(folder);
    const ended = new Promise((resolve) => started.child.once("exit", resolve));
    started.child.kill("SIGINT");
    expect(await ended).toBe(0);
    await waitFor("every process to be gone", GONE_MS_MAX, async () => (await stillRunning(groups)).length === 0);
  });
}, 240_000);

describe("on an emulator that was there before", () => {
  it("lives beside what is in it already, and leaves it running, with everything but its own", { timeout: 240_000 }, async () => {
    const other = await startTestEmulator();
    const otherPort = Number(new URL(other.endpoint).port);
    const beside = mkdtempSync(join(tmpdir(), "synnergy-beside-"));
    const buses = new EventBridgeClient({ endpoint: other.endpoint, region: "us-east-1", credentials: CREDENTIALS });
    const names = async () => (await buses.send(new ListEventBusesCommand({}))).EventBuses?.map(({ Name }) => Name) ?? [];
    try {
      await buses.send(new CreateEventBusCommand({ Name: "somebody-elses" }));
      const { child, output } = await startRehearsal(beside, otherPort);
      expect(output()).toContain("it stays when this ends");
      expect(await names()).toContain(resourceNames(FLEET).bus);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGINT");
      expect(await ended).toBe(0);
      expect(await names()).toContain("somebody-elses");
      expect(await names()).not.toContain(resourceNames(FLEET).bus);
    } finally {
      buses.destroy();
      await other.stop();
      rmSync(beside, { recursive: true, force: true });
    }
  });
});

/** The emulator serves function URLs at its own port, by the name in the Host header. */
function post(body: unknown): Promise<number> {
  const outputs = JSON.parse(readFileSync(join(folder, ".rehearsal", "deploy", "outputs.json"), "utf8")) as Record<string, Record<string, string>>;
  const url = Object.values(outputs).find((stack) => stack.ApproveUrl !== undefined)?.ApproveUrl;
  if (url === undefined) throw new Error("no stack has an output ApproveUrl");
  return new Promise((resolve, reject) => {
    const headers = { host: new URL(url).host, "content-type": "application/json" };
    const sent = request({ host: "127.0.0.1", port, method: "POST", path: "/", headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.once("error", reject);
    sent.end(JSON.stringify(body));
  });
}
