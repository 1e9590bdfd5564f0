/** Turns an alarm of this fleet into an incident that a person sees. */
import { lambda } from "../lambda.ts";
import { AlarmDelivery, recordAlarm } from "./moving/alarms.ts";

export const handler = lambda(AlarmDelivery, (delivery, world) => recordAlarm(world, delivery));
