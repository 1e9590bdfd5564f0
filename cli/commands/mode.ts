/** `ha mode <role> <mode>`: how far automation may go with a role, from now on and over what the fleet file says. */
import { updateRecord } from "../../core/kernel/compare-and-set.ts";
import { RoleName } from "../../core/kernel/ids.ts";
import { Mode } from "../../core/kernel/mode.ts";
import { type Command, textOption } from "../command.ts";
import { requireRole } from "../names.ts";

const MEANINGS: Record<Mode, string> = {
  shadow: "faults are judged and recorded, nothing is proposed",
  recommend: "the move is proposed and recorded, nothing is moved",
  approve: "a person is asked before anything is moved",
  auto: "the role is moved at once, within the budget",
};

export const modeCommand: Command = {
  usage: "mode <role> <mode>",
  summary: "how far automation may go with a role: shadow, recommend, approve or auto",
  examples: [
    ["$0 mode primary approve", "ask a person before each move"],
    ["$0 mode primary auto", "move by itself, within the budget"],
  ],
  build: (argv) =>
    argv
      .positional("role", { type: "string", demandOption: true, describe: "the role's name" })
      .positional("mode", { choices: Mode.options, demandOption: true, describe: "how far automation may go" }),
  async run(options, operations) {
    const role = RoleName.parse(await requireRole(operations, textOption(options, "role") ?? ""));
    const mode = Mode.parse(options.mode);
    const { registry, clock, requestedBy: setBy, bus } = operations;
    await updateRecord(registry, "roleMode", role, () => ({ kind: "write", next: { role, mode, setBy, atMs: clock.wallMs() } }));
    await bus.publish("failover.mode-changed", { role, mode, setBy });
    return { data: { schema: 1, role, mode, setBy }, text: `${role} is in mode ${mode}: ${MEANINGS[mode]}.` };
  },
};
