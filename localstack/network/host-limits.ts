/** What a host of the rehearsal may use, and where the files lie by which that is told and measured. */
import { join } from "node:path";

const MEBIBYTE = 1024 ** 2;

/** A node here takes some 60 MB, and 25 MB more for each thousand blocks: it reaches this by a fault, or in half a day. */
export const NODE_MEMORY_BYTES_MAX = 384 * MEBIBYTE;
/** A dump of a day's blocks takes a tenth of it. */
export const HOST_DISK_BYTES_MAX = 256 * MEBIBYTE;

/** A host's disk: its agent's key and store, its node's data, what is restored on it. */
export const hostFolder = (folder: string, id: string): string => join(folder, "hosts", id);
/** What fills the disk is beside the node's data, so that no backup carries it. */
export const ballastOf = (folder: string, id: string): string => join(hostFolder(folder, id), "ballast");
/** The operator's work items for the host's agent, what is served by its hook, and the agent's own desk. */
export const workFilesOf = (folder: string, id: string) => {
  const host = hostFolder(folder, id);
  return { items: join(host, "work-items.json"), served: join(host, "work-served.json"), desk: join(host, "store", "work-desk.json") };
};
/** Not on the host's disk, which is made after its node was started. */
export const pidFileOf = (folder: string, id: string): string => join(folder, "pids", `${id}.pid`);
