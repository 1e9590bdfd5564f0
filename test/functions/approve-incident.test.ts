/** The endpoint for people without AWS credentials: who they are is told to nobody, and guessing ends soon. */
import { describe, expect, it } from "vitest";
import { hashToken } from "../../adapters/argon2-layer.ts";
import type { Registry } from "../../core/kernel/ports.ts";
import { approveIncident } from "../../functions/failover/moving/deciding.ts";
import { FakeNetwork, ROLE } from "../support/fake-network.ts";
import { fleetOf } from "../support/fake-network-fleet.ts";
import { walk } from "../support/workflow-driver.ts";

const TOKEN = "a-token-that-nobody-guesses";

/** An incident that waits for a person, and alice and bob who may decide, each through the registry that `through` makes of it. */
async function waiting(through: (registry: Registry) => Registry = (registry) => registry) {
  const network = new FakeNetwork(fleetOf({ mode: "approve" }));
  const world = network.world(through(network.registry));
  const tokenHash = await hashToken(TOKEN);
  for (const name of ["alice", "bob"]) {
    const operator = { name, tokenHash, failures: 0, lockedUntilMs: 0, createdAtMs: network.nowMs };
    await network.registry.write("operator", name, operator, "absent");
  }
  await walk(network.world(), network.unheld("establish"), { execution: "arn:waiting", stopAfter: 2 });
  const [found] = await network.registry.list("incident", { limit: 1 });
  const incident = found?.key ?? "";
  const post = async (body: object | string, method = "POST") => {
    const request = { body: typeof body === "string" ? body : JSON.stringify(body), isBase64Encoded: false, requestContext: { http: { method } } };
    const { statusCode, body: answer } = await approveIncident(world, request);
    return { statusCode, answer };
  };
  return { network, incident, post, ask: (more: object = {}) => post({ incident, decision: "approve", operator: "alice", token: TOKEN, ...more }) };
}

describe("approve-incident", () => {
  it("lets the workflow go on for the right token, and writes down who said so", async () => {
    const { network, incident, ask } = await waiting();
    expect((await ask()).statusCode).toBe(200);
    expect(network.decisions).toEqual([{ taskToken: "token-arn:waiting", approved: true, by: "alice" }]);
    const lines = await network.registry.list("journal", { prefix: incident, limit: 100 });
    expect(lines.map(({ value }) => value.text)).toContain("alice approved by token.");
    expect(JSON.stringify([lines, network.bus.published])).not.toContain(TOKEN);
  });

  it("answers an unknown name, a wrong token and a locked name alike, and decides nothing", async () => {
    const { network, ask } = await waiting();
    const wrong = { token: "another-token-of-length" };
    const answers = [await ask({ operator: "nobody" })];
    for (let attempt = 0; attempt < 5; attempt += 1) answers.push(await ask(wrong));
    answers.push(await ask());
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(answers[0]?.statusCode).toBe(401);
    expect(network.decisions).toEqual([]);
    await network.clock.sleep(15 * 60_000 - 1);
    expect((await ask()).statusCode).toBe(401);
  }, 60_000);

  it("counts attempts that are made side by side", async () => {
    const { network, ask } = await waiting();
    await Promise.allSettled(Array.from({ length: 8 }, () => ask({ token: "another-token-of-length" })));
    const operator = await network.registry.read("operator", "alice");
    expect(operator.kind === "found" && operator.value.failures).toBe(5);
    expect((await ask()).statusCode).toBe(401);
  }, 60_000);

  it("refuses what is not a decision before it looks at anybody's token", async () => {
    const { network, post, ask } = await waiting();
    expect((await post("{")).statusCode).toBe(400);
    expect((await post({ incident: "x" })).statusCode).toBe(400);
    expect((await post("x".repeat(3_000))).statusCode).toBe(413);
    expect((await post("", "GET")).statusCode).toBe(405);
    expect((await ask({ incident: `${ROLE}-20200101T000000000` })).statusCode).toBe(404);
    const operator = await network.registry.read("operator", "alice");
    expect(operator.kind === "found" && operator.value.failures).toBe(0);
  });

  it("does not let a second person overrule the first", async () => {
    const { network, ask } = await waiting();
    expect((await ask({ decision: "reject" })).statusCode).toBe(200);
    expect((await ask({ operator: "bob" })).statusCode).toBe(409);
    expect(network.decisions.length).toBe(1);
  });

  it("lets the workflow hear only the one that it names, of two people who decide at once", async () => {
    const { network, incident, ask } = await waiting(readTogether);
    const answers = await Promise.all([ask({ decision: "reject" }), ask({ operator: "bob" })]);
    expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([200, 409]);
    const found = await network.registry.read("incident", incident);
    const named = found.kind === "found" ? found.value.approval?.decidedBy : null;
    expect(network.decisions).toEqual([{ taskToken: "token-arn:waiting", approved: named === "bob", by: named }]);
    const lines = await network.registry.list("journal", { prefix: incident, limit: 100 });
    const decided = lines.filter(({ value }) => value.step === "ApproveIncident").map(({ value }) => value.text);
    expect(decided).toEqual([named === "bob" ? "bob approved by token." : "alice rejected by token."]);
  });

  it("decides nothing on a question that was asked anew while it was being answered", async () => {
    const { network, incident, ask } = await waiting(askedAnew);
    expect((await ask()).statusCode).toBe(409);
    expect(network.decisions).toEqual([]);
    expect(await network.registry.read("incident", incident)).toMatchObject({ value: { approval: { taskToken: "token-anew", decidedBy: null } } });
  });

  it("lets the same person say it again after an answer that was lost", async () => {
    const { network, ask } = await waiting();
    expect((await ask()).statusCode).toBe(200);
    expect((await ask()).statusCode).toBe(200);
    expect(new Set(network.decisions.map(({ by }) => by))).toEqual(new Set(["alice"]));
  });
});

/** The first two who read an incident both see it before either goes on. */
function readTogether(registry: Registry): Registry {
  const both = Promise.withResolvers<void>();
  let readers = 0;
  const read: Registry["read"] = async (kind, key) => {
    const found = await registry.read(kind, key);
    if (kind !== "incident") return found;
    readers += 1;
    if (readers === 2) both.resolve();
    await both.promise;
    return found;
  };
  return { ...registry, read };
}

/** Right after the first read of an incident, its workflow asks again, under another task token. */
function askedAnew(registry: Registry): Registry {
  let asked = false;
  const read: Registry["read"] = async (kind, key) => {
    const found = await registry.read(kind, key);
    if (kind !== "incident" || asked) return found;
    asked = true;
    const seen = await registry.read("incident", key);
    if (seen.kind === "absent" || !seen.value.approval) throw new RangeError(`${key} waits for nobody`);
    const approval = { ...seen.value.approval, taskToken: "token-anew" };
    await registry.write("incident", key, { ...seen.value, approval }, seen.revision);
    return found;
  };
  return { ...registry, read };
}
