/** Compares the vault's copies, and repairs what did not arrive. */
import * as z from "zod";
import { lambda } from "../lambda.ts";
import { auditCopies } from "./keeping/auditing.ts";

export const handler = lambda(z.object({}), (_input, world) => auditCopies(world));
