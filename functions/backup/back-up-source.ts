/** Has a source backed up, and stays with it as long as a function may. */
import { lambda } from "../lambda.ts";
import { backUpSource } from "./working/backing-up.ts";
import { BackupStep } from "./working/step.ts";

export const handler = lambda(BackupStep, (step, world, invocation) => backUpSource(world, step, invocation));
