/**
 * One file of a restore. It is made with its whole length at once, as one hole, and whoever has its bytes writes them where
 * they belong; what is never written stays a hole. Closing it checks that nobody has written beyond its length, gives it
 * its attributes and has it on the disk.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { FileEntry } from "../../core/backup/directory/entry.ts";
import { DirectoryListingRefused } from "../../core/backup/directory/faults.ts";
import { setAttributes } from "./set-attributes.ts";

export type RestoringFile<C> = {
  readonly entry: FileEntry<C>;
  /** From the root, in latin1. */
  readonly path: string;
  /** Where it can be opened meanwhile, by threads of this process too. */
  readonly at: Buffer;
  /** For `writeSync(fd, bytes, …, position)`; `dataStretches` tells the positions. Open until `close`. */
  readonly fd: number;
  /** Durable afterwards. Without it the restore does not end. */
  close(): Promise<void>;
  /** For whoever could not write its bytes: closes it, and leaves it unwritten, so that the restore does not end. */
  abandon(): Promise<void>;
};

const NEW_FILE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export async function createFile<C>(
  place: { path: string; at: Buffer; entry: FileEntry<C> },
  given: { asRoot: boolean; written: () => void },
): Promise<RestoringFile<C>> {
  const { path, entry } = place;
  const handle = await open(place.at, NEW_FILE, 0o600);
  try {
    await handle.truncate(entry.lengthBytes);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    ...place,
    fd: handle.fd,
    close: async () => {
      try {
        await refuseLonger(handle, path, entry);
        await setAttributes(handle, entry, given.asRoot);
        await handle.sync();
      } finally {
        await handle.close();
      }
      given.written();
    },
    abandon: () => handle.close(),
  };
}

async function refuseLonger(handle: FileHandle, path: string, { lengthBytes }: FileEntry<unknown>): Promise<void> {
  const { size } = await handle.stat();
  if (size !== lengthBytes)
    throw new DirectoryListingRefused({ path, reason: `its content made ${size} bytes of the ${lengthBytes} that are listed` });
}
