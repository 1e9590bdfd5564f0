/**
 * The rehearsal's drill hooks: asks the supervisor to start a node on what was restored, or to end it. An agent's hook would start a
 * service of its init system; here the supervisor is that. `node scratch-node.ts <rehearsal's folder> <node> boot|end`, with the restored
 * folder in SYNNERGY_SCRATCH.
 */
import { controlClient, readControlAccess } from "../network/control.ts";

const [folder, node, action] = process.argv.slice(2);
const restored = process.env.SYNNERGY_SCRATCH;
if (folder === undefined || node === undefined || restored === undefined || (action !== "boot" && action !== "end")) {
  throw new Error("scratch-node.ts <rehearsal's folder> <node> boot|end, with SYNNERGY_SCRATCH");
}
const outcome = await controlClient(readControlAccess(folder)).scratch({ node, action, folder: restored });
if (outcome.kind !== "done") throw new Error(outcome.reason);
