/** Takes requests from the queue and starts a run of each source that is free. */
import { lambda } from "../lambda.ts";
import { QueueDelivery, startBackups } from "./working/starting.ts";

export const handler = lambda(QueueDelivery, (delivery, world) => startBackups(world, delivery));
