/** What of a fleet is backed up, how often, for how long it is kept and how it is proven: the fleet file's `vault.backups`. */
import * as z from "zod";
import { NodeId, PublicKey } from "./ids.ts";

const DAY_S = 86_400;

export const Backups = z.strictObject({
  directories: z
    .array(NodeId)
    .max(64)
    .default([])
    .meta({ description: "Nodes whose data directory is backed up, by the agent beside each. One of each client family is enough; two are safer." }),
  ledger: z
    .strictObject({
      blocksPerSegment: z.int().min(1).max(8_192).default(1_024),
      /** Segments that are read in one go, by one function; the last state of a long first backup is a Map over such batches. */
      segmentsPerBatch: z.int().min(1).max(64).default(32),
      lagBlocksMax: z
        .int()
        .min(1)
        .max(10_000)
        .default(2)
        .meta({ description: "A node that is further behind than this is not read until it has caught up." }),
    })
    .optional()
    .meta({ description: "Blocks, transactions and receipts by RPC, verified in segments. Without it no ledger is backed up." }),
  everySeconds: z
    .int()
    .min(60)
    .max(30 * DAY_S)
    .default(3_600),
  everyBlocks: z.int().min(1).optional().meta({ description: "Also whenever so many blocks became final since the last backup." }),
  fullRereadDays: z.int().min(1).max(365).default(7).meta({ description: "How often every file is read again, whatever its times say." }),
  formerSigners: z
    .array(z.strictObject({ node: NodeId, key: PublicKey }))
    .max(64)
    .default([])
    .meta({
      description:
        "Agents' keys that signed backups which are still kept: of a node whose key was changed, or that is in the fleet no more. Without them those backups are foreign, and nothing is proven or swept.",
    }),
  keep: z
    .strictObject({ count: z.int().min(1).max(10_000).default(24), days: z.int().min(0).max(36_500).default(30) })
    .prefault({})
    .meta({ description: "So many of the newest backups of a source stay, and everything younger than so many days; the newest proven one always." }),
  proveWithinDays: z.int().min(1).max(365).default(30).meta({ description: "Everything stored is opened again within this time." }),
  lagSecondsMax: z
    .int()
    .min(120)
    .max(90 * DAY_S)
    .default(3 * 3_600)
    .meta({ description: "An alarm goes off when a source's newest backup is older." }),
  drill: z
    .strictObject({
      node: NodeId.meta({ description: "On whose host a backup is restored and booted." }),
      everyDays: z.int().min(1).max(90).default(7),
      catchUpBlocks: z
        .int()
        .min(0)
        .max(10_000)
        .default(2)
        .meta({ description: "Within so many blocks of the network's head the scratch node has caught up." }),
      catchUpSeconds: z
        .int()
        .min(10)
        .max(7 * DAY_S)
        .default(3_600),
    })
    .optional(),
});
export type Backups = z.infer<typeof Backups>;
