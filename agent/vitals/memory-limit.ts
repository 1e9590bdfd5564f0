/**
 * How much memory a process may use before the system ends it: the lowest limit of its control group (Linux, v2) and of the groups
 * above that, or the host's memory where no group limits it.
 */
import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { dirname, join } from "node:path";

/** Deeper trees than any init system or container runtime makes. */
const GROUPS_MAX = 32;

/** Bytes. `proc` and `groups` are where those file systems are mounted. */
export async function memoryLimitOf(pid: number, { proc = "/proc", groups = "/sys/fs/cgroup" } = {}): Promise<number> {
  const text = await readFile(join(proc, String(pid), "cgroup"), "utf8").catch(() => "");
  // "0::/system.slice/geth.service": version 2 has one line, numbered 0 and without controllers.
  const group = /^0::(\/.*)$/m.exec(text)?.[1];
  let limit = totalmem();
  if (group === undefined) return limit;
  for (let at = group, looked = 0; looked < GROUPS_MAX; at = dirname(at), looked += 1) {
    // "max" says that this group has no limit of its own; the root has no such file.
    const bytes = Number(await readFile(join(groups, at, "memory.max"), "utf8").catch(() => "max"));
    if (bytes > 0) limit = Math.min(limit, bytes);
    if (at === "/") break;
  }
  return limit;
}
