/** Looks ahead for the whole fleet, at the fleet's cadence, until the next minute's run goes on. */
import * as z from "zod";
import { lambda } from "../lambda.ts";
import { foresee } from "./foreseeing/looking.ts";

export const handler = lambda(z.object({}), (_input, world) => foresee(world));
