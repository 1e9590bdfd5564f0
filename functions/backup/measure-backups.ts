/** Says each minute how far the backups are behind, and asks for those that are due. */
import * as z from "zod";
import { lambda } from "../lambda.ts";
import { measureBackups } from "./keeping/measuring.ts";

export const handler = lambda(z.object({}), (_input, world) => measureBackups(world));
