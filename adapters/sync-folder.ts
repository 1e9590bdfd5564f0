/** A name in a folder is durable only when its folder is. */
import { open } from "node:fs/promises";

export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
