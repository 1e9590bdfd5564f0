/**
 * Why a directory could not be read or restored as a whole, each under a name of its own. What concerns one entry only is a
 * `Skipped` in the answer and not an error, so that one socket never costs a backup.
 */
import { Permanent, Transient } from "../../kernel/errors.ts";
import { showPath } from "./paths.ts";

export class DirectoryUnreadable extends Permanent {
  override readonly name = "DirectoryUnreadable";
  constructor(facts: { root: string; reason: string }) {
    super(`the directory ${facts.root} cannot be read: ${facts.reason}. Nothing was backed up.`);
  }
}

/** A limit that no node's data comes near; whoever meets it points the backup at another directory or raises it. */
export class DirectoryBeyondLimits extends Permanent {
  override readonly name = "DirectoryBeyondLimits";
  constructor(facts: { path: string; what: string; found: number; max: number }) {
    super(`${showPath(facts.path)} has ${facts.found} ${facts.what}; at most ${facts.max} are handled. The directory was left as it is.`);
  }
}

/** The listing of a backup asks for something that no walk of ours writes: damage or an attack, never repaired by guessing. */
export class DirectoryListingRefused extends Permanent {
  override readonly name = "DirectoryListingRefused";
  constructor(facts: { path: string; reason: string }) {
    super(`the backup's listing is refused at ${showPath(facts.path)}: ${facts.reason}. The target was not touched.`);
  }
}

export class RestoreTargetRefused extends Permanent {
  override readonly name = "RestoreTargetRefused";
  constructor(facts: { target: string; reason: string }) {
    super(`nothing was restored to ${facts.target}: ${facts.reason}.`);
  }
}

/** The caller asked for the end before everything that was listed had been written. */
export class RestoreUnfinished extends Permanent {
  override readonly name = "RestoreUnfinished";
  constructor(facts: { target: string; files: number; folders: number }) {
    super(`${facts.target} was not put in place: ${facts.files} listed files and ${facts.folders} listed folders were not written.`);
  }
}

/** The disk refused: full, read-only or failing. What was built so far stands under its unfinished name. */
export class RestoreNotWritten extends Transient {
  override readonly name = "RestoreNotWritten";
  constructor(facts: { path: string; cause: unknown }) {
    super(`${showPath(facts.path)} could not be restored: ${facts.cause instanceof Error ? facts.cause.message : String(facts.cause)}`, {
      cause: facts.cause,
    });
  }
}
