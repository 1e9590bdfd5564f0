/** Publishes the route, moves other work, writes the report, ends the incident. */
import { lambda } from "../lambda.ts";
import { CloseInput, closeIncident } from "./moving/closing.ts";

export const handler = lambda(CloseInput, (input, world) => closeIncident(world, input));
