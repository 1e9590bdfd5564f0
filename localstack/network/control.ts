/**
 * How a second terminal makes faults: `POST /fault {kind, target, seconds}`, `GET /faults`, `GET /network`, on loopback, for whoever can
 * read the token in `.rehearsal/state.json` (which only its owner can). The supervisor serves it; the CLI is its client.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { FaultExecutor, FaultOutcome } from "./fault-executor.ts";
import { FAULTS } from "./faults.ts";
import { type JsonServer, serveJson } from "./json-server.ts";
import type { ScratchNodes } from "./scratch-nodes.ts";

/** A heal restarts up to twelve processes, one after the other. */
const CLIENT_MS_MAX = 60_000;

const FaultRequest = z.strictObject({
  kind: z.string().min(1).max(64),
  target: z.string().min(1).max(64).optional(),
  seconds: z.number().optional(),
});
const Access = z.object({ control: z.object({ url: z.url(), token: z.string().min(16) }) });
const ScratchRequest = z.strictObject({ node: z.string().min(1).max(64), action: z.enum(["boot", "end"]), folder: z.string().min(1).max(4_096) });
export type ScratchRequest = z.infer<typeof ScratchRequest>;
export type ScratchOutcome = { readonly kind: "done" } | { readonly kind: "refused"; readonly reason: string };
export type ControlAccess = z.infer<typeof Access>["control"];
export type FaultListing = {
  readonly name: string;
  readonly about: string;
  readonly target: string;
  readonly undo: string;
  readonly seconds?: number;
};

/** `access` belongs into `state.json` under `control`: `processes.remember({ control: access })`. */
export async function serveControl(options: {
  port: number;
  faults: FaultExecutor;
  network: () => unknown;
  scratch: Pick<ScratchNodes, "boot" | "end">;
}): Promise<{ access: ControlAccess; close(): Promise<void> }> {
  const token = randomBytes(24).toString("base64url");
  const server: JsonServer = await serveJson({
    port: options.port,
    token,
    async handle(method, path, body) {
      if (method === "GET" && path === "/faults") return { status: 200, body: listFaults() };
      if (method === "GET" && path === "/network") return { status: 200, body: options.network() };
      if (method === "POST" && path === "/scratch") {
        const { node, action, folder } = ScratchRequest.parse(body);
        await (action === "boot" ? options.scratch.boot(node, folder) : options.scratch.end(node));
        return { status: 200, body: { kind: "done" } };
      }
      if (method !== "POST" || path !== "/fault") {
        return { status: 404, body: { kind: "refused", reason: "there are POST /fault, POST /scratch, GET /faults and GET /network" } };
      }
      const { kind, target, seconds } = FaultRequest.parse(body);
      return { status: 200, body: await options.faults.run(kind, target, seconds) };
    },
  });
  return { access: { url: server.url, token }, close: server.close };
}

export function listFaults(): FaultListing[] {
  return Object.entries(FAULTS).map(([name, { steps: _, ...listed }]) => ({ name, ...listed }));
}

/** Throws a sentence for a person when no rehearsal runs in the folder. */
export function readControlAccess(folder: string): ControlAccess {
  const file = join(folder, "state.json");
  try {
    return Access.parse(JSON.parse(readFileSync(file, "utf8"))).control;
  } catch (cause) {
    throw new Error(`faults need a running rehearsal, and ${file} names none: start one with npm start`, { cause });
  }
}

export function controlClient({ url, token }: ControlAccess) {
  async function ask(path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${url}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "error",
      signal: AbortSignal.timeout(CLIENT_MS_MAX),
    });
    return response.json();
  }
  return {
    /** What is undefined is not in the request. */
    fault: (kind: string, target?: string, seconds?: number) => ask("/fault", { kind, target, seconds }) as Promise<FaultOutcome>,
    faults: () => ask("/faults") as Promise<FaultListing[]>,
    network: () => ask("/network"),
    scratch: (request: ScratchRequest) => ask("/scratch", request) as Promise<ScratchOutcome>,
  };
}
