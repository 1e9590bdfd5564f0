/** What of the vault's work this host can do, as its agent's configuration says: which directory, how it stands still, where a drill boots. */
import { join } from "node:path";
import * as z from "zod";
import { Hook, HttpUrl, Path } from "../config-parts.ts";

const THREADS_MAX = 64;

const Standstill = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("hook"), before: Hook, after: Hook.optional() }),
    z.strictObject({ kind: z.literal("snapshot"), before: Hook, after: Hook.optional() }),
    z.strictObject({ kind: z.literal("stop"), stop: Hook, start: Hook }),
  ])
  .meta({
    description:
      "How the directory stands still while it is read. hook: a command makes the client flush and hold, or writes a dump into the directory. snapshot: a command takes a filesystem's snapshot and mounts it at the directory. stop: the node is stopped and started again, never while it holds a role.",
  });
export type Standstill = z.infer<typeof Standstill>;

export const AgentVault = z.strictObject({
  directory: z
    .strictObject({ path: Path, standstill: Standstill })
    .optional()
    .meta({ description: "The node's data directory; without it this host is backed up by nobody." }),
  scratch: z
    .strictObject({
      folder: Path.meta({ description: "Restores are put here, each in a folder of its own." }),
      rpc: HttpUrl.meta({ description: "Where a node answers that the boot hook has started on a restored directory." }),
      boot: Hook,
      end: Hook,
    })
    .optional()
    .meta({ description: "Where restores go, and how a drill boots a node of its own on one. Its environment has SYNNERGY_SCRATCH, the folder." }),
  account: z
    .string()
    .regex(/^\d{12}$/, "an AWS account's 12 digits")
    .optional()
    .meta({
      description: "The AWS account of the vault's buckets. With it a job that names another account's bucket is refused, whoever signed it.",
    }),
  threads: z
    .int()
    .min(1)
    .max(THREADS_MAX)
    .optional()
    .meta({ description: "For cutting, sealing and opening; half of the host's cores unless told otherwise, since the node beside needs the rest." }),
});
export type AgentVault = z.infer<typeof AgentVault>;

/** The folder of a job's restore. */
export const scratchFolder = (folder: string, job: string): string => join(folder, job);
