/** Keeps what goes by on the bus, for the feed and `ha events`. */
import { lambda } from "../lambda.ts";
import { BusDelivery, recordEvent } from "./moving/recording.ts";

export const handler = lambda(BusDelivery, (delivery, world) => recordEvent(world, delivery));
