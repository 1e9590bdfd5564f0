/** Opens what a run has stored, and a share of the old. */
import { lambda } from "../lambda.ts";
import { proveBackup } from "./working/proving.ts";
import { BackupStep } from "./working/step.ts";

export const handler = lambda(BackupStep, (step, world) => proveBackup(world, step));
