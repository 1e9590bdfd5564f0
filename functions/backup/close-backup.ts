/** Ends a run: writes down what it made, tells it, and asks again for what waited. */
import { lambda } from "../lambda.ts";
import { closeBackup } from "./working/closing.ts";
import { BackupStep } from "./working/step.ts";

export const handler = lambda(BackupStep, (step, world) => closeBackup(world, step));
