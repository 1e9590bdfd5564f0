/** Moves the other work of a node, of which a fault is foretold, to nodes with room. */
import { lambda } from "../lambda.ts";
import { DrainInput, drainNode } from "./moving/draining.ts";

export const handler = lambda(DrainInput, (input, world) => drainNode(world, input));
