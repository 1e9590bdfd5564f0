/** A supervisor for processes.test.ts to end in every way: starts two processes, of which one refuses to be asked, tells who they are, then waits, throws or exits. */
import { openProcesses } from "../../localstack/processes/open-processes.ts";
import { readState } from "../../localstack/processes/state-file.ts";

const [folder = ".", how] = process.argv.slice(2);
const processes = await openProcesses({ folder });
const one = await processes.start({ name: "one", command: "sh", args: ["-c", "sleep 300 & wait"] });
const two = await processes.start({ name: "two", command: "sh", args: ["-c", 'trap "" TERM; while :; do sleep 1; done'] });
const reading = readState(folder);
if (reading.kind !== "found") throw new Error("no state was written");
process.stdout.write(`${JSON.stringify({ warden: reading.state.warden.pid, wards: [one.pid, two.pid] })}\n`);
if (how === "exception") throw new Error("on purpose");
if (how === "exit") process.exit(3);
setInterval(() => undefined, 1_000);
