/** Keeps one event of the bus under its own id, so that an event delivered twice is kept once. */
import * as z from "zod";
import type { World } from "../../../core/kernel/ports.ts";
import { pad } from "../../../core/kernel/records.ts";

/** An event as EventBridge hands it to a target. */
export const BusDelivery = z.object({
  id: z.string().min(1).max(128),
  "detail-type": z.string().max(128),
  time: z.iso.datetime({ offset: true }),
  region: z.string().max(32),
  detail: z.record(z.string(), z.unknown()),
});
export type BusDelivery = z.infer<typeof BusDelivery>;

const Ours = z.object({ id: z.string().min(8).max(64), atMs: z.int().min(0), region: z.string() });

export async function recordEvent(world: World, delivery: BusDelivery): Promise<{ decision: "recorded"; reason: string }> {
  const { detail } = delivery;
  /** Ours carry their own id and time to the millisecond; what others send has only the envelope's. */
  const ours = Ours.safeParse(detail);
  const { id, atMs, region } = ours.success ? ours.data : { id: delivery.id, atMs: Date.parse(delivery.time), region: delivery.region };
  const name = delivery["detail-type"];
  await world.registry.write("event", `${pad(atMs)}-${id}`, { name, atMs, id, region, detail }, "any");
  return { decision: "recorded", reason: name };
}
