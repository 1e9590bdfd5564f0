/** Keeps the workflow's task token and asks a person; the workflow waits until somebody decides or the time is over. */
import { lambda } from "../lambda.ts";
import { ApprovalInput, requestApproval } from "./moving/approving.ts";

export const handler = lambda(ApprovalInput, (input, world) => requestApproval(world, input));
