/** Which of `ha backup`'s actions does what. Loaded when one is asked for: the vault's code is more than all other commands need. */

import { type Answer, type Io, type Operations, type Options, textOption } from "../command.ts";
import type { Action } from "../commands/backup.ts";
import { drillNow } from "./drilling.ts";
import { backUpNow, cancelBackups } from "./following.ts";
import { rotateKeys } from "./keys.ts";
import { diffBackups, listBackups, showBackup } from "./reading.ts";
import { restoreBackup, verifyStored } from "./restoring.ts";
import { momentOf } from "./which.ts";

export async function act(action: Action, options: Options, operations: Operations, io: Io): Promise<Answer> {
  const what = textOption(options, "what");
  switch (action) {
    case "now":
      return await backUpNow(operations, io, options, what);
    case "list":
      return await listBackups(operations, io, what);
    case "show":
      return await showBackup(operations, io, what);
    case "diff":
      return await diffBackups(operations, io, what, textOption(options, "other"));
    case "verify":
      return await verifyStored(operations, io, what);
    case "restore":
      return await restoreBackup(operations, io, what, textOption(options, "to"), momentOf(textOption(options, "at"), operations.clock.wallMs()));
    case "cancel":
    case "drain":
    case "resume":
      return await cancelBackups(operations, what, action);
    case "rotate":
      return await rotateKeys(operations, options.newDataKey === true);
    case "drill":
      return await drillNow(operations, io, options, what);
  }
}
