/** Opens the role's incident, or goes on with it, and says whether the workflow proceeds, asks a person, or ends. */
import { lambda } from "../lambda.ts";
import { openIncident } from "./moving/opening.ts";
import { OpenInput } from "./moving/request.ts";

export const handler = lambda(OpenInput, (input, world) => openIncident(world, input));
