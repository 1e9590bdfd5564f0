/** What to say of the ports that were wanted and are held by others: who holds which. */
import { lookAtPort } from "../emulator/port.ts";

/** One sentence a holder. Asked in turn, since each look runs a tool. */
export async function sayTaken(ports: readonly number[]): Promise<string[]> {
  const held = new Map<string, number[]>();
  for (const port of ports) {
    const found = await lookAtPort(port);
    const holder = found.kind === "taken" ? found.holder : found.kind === "emulator" ? "an emulator" : "somebody who has gone since";
    held.set(holder, [...(held.get(holder) ?? []), port]);
  }
  return [...held].map(([holder, own]) => `${own.join(", ")}: held by ${holder}; ${own.length === 1 ? "another is" : "others are"} used`);
}
