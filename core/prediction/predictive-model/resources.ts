/** What a node uses up and dies of: its memory, its handles for files and connections, its disk. Each as the share of its limit that is used. */
import type { Signals } from "../../kernel/signals.ts";

export type Resource = { readonly what: "memory" | "open files" | "disk"; readonly share: number | null };

export function usedResources({ nodeMemoryShare, nodeFilesShare, diskFreeShare }: Signals): Resource[] {
  return [
    { what: "memory", share: nodeMemoryShare },
    { what: "open files", share: nodeFilesShare },
    { what: "disk", share: diskFreeShare === null ? null : 1 - diskFreeShare },
  ];
}
