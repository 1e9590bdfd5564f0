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

function emptyPost(sockets: HttpAgent): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { port: agent.commandPort, host: "127.0.0.1", localAddress: STRANGER, path: "/v1/command", method: "POST", agent: sockets };
    const sent = request(options, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", reject).end();
  });
}

describe("a stranger", () => {
  test("that sends more than all senders may together is refused alone", async () => {
    // Time stands still, so that no bucket fills again while the flood is under way.
    const nowMs = rig.clock.monotonicMs();
    rig.clock.monotonicMs = () => nowMs;
    const sockets = new HttpAgent({ maxSockets: AT_A_TIME });
    const statuses = await Promise.all(Array.from({ length: 600 }, () => emptyPost(sockets)));
    sockets.destroy();
    expect(new Set(statuses)).toEqual(new Set([400, 429]));
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
