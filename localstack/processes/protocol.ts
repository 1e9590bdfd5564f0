/**
 * What a supervisor and its warden say to each other: one JSON object a line, orders on the warden's stdin, news on its
 * stdout. The end of stdin is an order too, and the one that matters: "the supervisor is gone, end everything".
 */
import * as z from "zod";

/** A process's name is also its log file's, so it must be safe as one. */
export const ProcessName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "1 to 64 of a-z, 0-9, '.', '_' and '-'");

export const SIGNALS = ["SIGTERM", "SIGKILL", "SIGINT", "SIGHUP", "SIGSTOP", "SIGCONT", "SIGUSR1", "SIGUSR2"] as const;
export type Signal = (typeof SIGNALS)[number];

const order = { id: z.int().min(1), name: ProcessName };

export const Order = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("start"),
    ...order,
    command: z.string().min(1),
    args: z.array(z.string()).max(256),
    env: z.record(z.string(), z.string()),
    cwd: z.string().min(1),
  }),
  z.object({ kind: z.literal("signal"), ...order, signal: z.enum(SIGNALS) }),
  /** Asks first, insists after the grace time, answers when the whole group is gone. */
  z.object({ kind: z.literal("stop"), ...order }),
]);
export type Order = z.infer<typeof Order>;

export const News = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("started"), id: z.int(), pid: z.int() }),
  z.object({ kind: z.literal("done"), id: z.int() }),
  z.object({ kind: z.literal("failed"), id: z.int(), reason: z.string() }),
  z.object({ kind: z.literal("exited"), name: ProcessName, pid: z.int(), code: z.int().nullable(), signal: z.string().nullable() }),
]);
export type News = z.infer<typeof News>;
