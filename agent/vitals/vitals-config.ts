/** What the agent is told of the node beside it, so that it can measure the node's own process, disk and demand. */
import * as z from "zod";
import { HttpUrl, isLoopback, Path } from "../config-parts.ts";
import { readSelector } from "./metric-page.ts";

const MEBIBYTE = 1024 ** 2;

const Metrics = z.strictObject({
  url: HttpUrl.refine((text) => {
    const { protocol, hostname } = new URL(text);
    return protocol === "http:" && isLoopback(hostname.replace(/^\[|\]$/g, ""));
  }, "must be http on loopback (127.0.0.0/8, ::1 or localhost): the page is not signed").meta({
    description: "The node's metrics in Prometheus' text form.",
  }),
  requests: z
    .string()
    .max(512)
    .refine(
      (text) => readSelector(text) !== null,
      'must be a counter\'s name with or without labels, such as rpc_requests or rpc_requests{method="eth_call"}',
    )
    .meta({ description: "A counter of requests at the node's RPC. Every series of that name that has these labels is summed." }),
});

export const AgentVitals = z.strictObject({
  pidFile: Path.optional().meta({
    description: "Holds the number of the node's process, as this host counts, and is written anew at each start of it.",
  }),
  memoryBytesMax: z.int().min(MEBIBYTE).optional().meta({
    description: "Resident memory beyond which the node is ended. Without it the limit of the process's control group (v2), or the host's memory.",
  }),
  disk: z
    .strictObject({
      folder: Path.meta({ description: "The node's data." }),
      bytesMax: z.int().min(MEBIBYTE).optional().meta({ description: "A quota for the folder. Without it what is free of the file system counts." }),
      everySeconds: z.int().min(1).max(3_600).default(10).meta({ description: "How often the folder is counted for the quota, at most." }),
    })
    .optional(),
  metrics: Metrics.optional(),
});
export type AgentVitals = z.infer<typeof AgentVitals>;
