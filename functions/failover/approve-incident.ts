/** A person's yes or no over HTTPS, by an operator's token: POST {incident, decision, operator, token}. */
import { lambda } from "../lambda.ts";
import { approveIncident, HttpRequest } from "./moving/deciding.ts";

export const handler = lambda(HttpRequest, (request, world) => approveIncident(world, request));
