/** One sender without a key, however loud, does not keep the control plane from the agent. Every 127.x address is this host's. */
import { once } from "node:events";
import { Agent as HttpAgent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunningAgent } from "../../agent/start.ts";
import { agentRig, type Rig } from "../support/agent-rig.ts";

const STRANGER = "127.0.0.2";
const AT_A_TIME = 16;

let rig: Rig;
let agent: RunningAgent;
beforeEach(async () => {
  rig = await agentRig();
  agent = await rig.start();
});
afterEach(() => rig.end());

function emptyPost(sockets: HttpAgent, localAddress = STRANGER): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { port: agent.commandPort, host: "127.0.0.1", localAddress, path: "/v1/command", method: "POST", agent: sockets };
    const sent = request(options, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", reject).end();
  });
}

/** So that no bucket fills again while a flood is under way. */
function holdTime(): void {
  const nowMs = rig.clock.monotonicMs();
  rig.clock.monotonicMs = () => nowMs;
}

describe("a stranger", () => {
  test("that sends more than all senders may together is refused alone", async () => {
    holdTime();
    const sockets = new HttpAgent({ maxSockets: AT_A_TIME });
    const statuses = await Promise.all(Array.from({ length: 600 }, () => emptyPost(sockets)));
    sockets.destroy();
    expect(new Set(statuses)).toEqual(new Set([400, 429]));
    expect((await rig.control.report()).boot).toBeDefined();
  });

  test("at many addresses does not lock out a control plane that is here already", async () => {
    await rig.control.report();
    holdTime();
    for (let address = 2; address < 7; address += 1) {
      const sockets = new HttpAgent({ maxSockets: AT_A_TIME });
      await Promise.all(Array.from({ length: 150 }, () => emptyPost(sockets, `127.0.0.${address}`)));
      sockets.destroy();
    }
    expect(await emptyPost(new HttpAgent(), "127.0.0.9")).toBe(429);
    expect((await rig.control.report()).boot).toBeDefined();
  });

  test("that holds as many idle connections as it gets leaves room for others", async () => {
    const held: Socket[] = Array.from({ length: 160 }, () => connect({ port: agent.commandPort, host: "127.0.0.1", localAddress: STRANGER }));
    for (const socket of held) socket.on("error", () => undefined);
    await Promise.all(held.map((socket) => once(socket, "connect")));
    expect((await rig.control.report()).boot).toBeDefined();
    for (const socket of held) socket.destroy();
  });
});
