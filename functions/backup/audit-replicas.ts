/** Compares the vault's copies, and repairs what did not arrive. */
import { lambda } from "../lambda.ts";
import { AuditInput, auditCopies } from "./keeping/auditing.ts";

export const handler = lambda(AuditInput, (input, world) => auditCopies(world, input));
