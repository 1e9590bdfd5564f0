/** Shapes that several parts of the agent's configuration share. */
import { isIP } from "node:net";
import * as z from "zod";

/** A hook that takes longer than this is a job for the init system. */
const HOOK_MS_MAX = 600_000;

export const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
export const HttpUrl = z.url({ protocol: /^https?$/ }).max(2_048);
export const Path = z.string().min(1).max(4_096);
export const Hook = z.strictObject({
  command: z.array(z.string().max(4_096)).min(1).max(64).meta({ description: "An argument vector; the first is the program. No shell reads it." }),
  timeoutMs: z.int().min(100).max(HOOK_MS_MAX).default(10_000),
});
export type Hook = z.infer<typeof Hook>;
