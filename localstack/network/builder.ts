/**
 * Where a validator hands in its signature: `POST /build {node, slot}` on loopback, with the token from its configuration. It
 * is the node's engine door; the block is made on the validator's own node, under that node's lock, whenever the
 * request arrives: a validator that was paused after its yes is late, and the auditor judges by slot.
 */
import * as z from "zod";
import { NodeId, Slot } from "../../core/kernel/ids.ts";
import type { BuildAnswer } from "./block-production.ts";
import type { JsonHandler } from "./json-server.ts";

const BuildRequest = z.strictObject({ node: NodeId, slot: Slot });

export function buildHandler(build: (node: string, slot: number) => Promise<BuildAnswer>): JsonHandler {
  return async (method, path, body) => {
    if (method !== "POST" || path !== "/build") return { status: 404, body: { kind: "refused", reason: "there is only POST /build" } };
    const { node, slot } = BuildRequest.parse(body);
    return { status: 200, body: await build(node, slot) };
  };
}
