/** `ha fault <kind> [target]`: hurts the rehearsal's network on purpose. There is no way from here to a real one. */
import { nearest } from "../../core/kernel/nearest-name.ts";
import { type Command, numberOption, type Operations, textOption } from "../command.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";
import { noSuch } from "../names.ts";
import { type FaultKind, inject, listFaults, type Rehearsal } from "../rehearsal.ts";
import type { Paint } from "../render/paint.ts";
import { table } from "../render/table.ts";

export const faultCommand: Command = {
  usage: "fault [kind] [target]",
  summary: "hurt the rehearsal network on purpose (rehearsal only); --list names the faults",
  examples: [
    ["$0 fault --list", "what can be done, and how it is undone"],
    ["$0 fault kill n1", "end n1's process"],
    ["$0 fault leak n1 --seconds 60", "n1's memory grows until it is killed for it, in a minute"],
    ["$0 fault heal", "everything back"],
  ],
  build: (argv) =>
    argv
      .positional("kind", { type: "string", describe: "the fault's name" })
      .positional("target", { type: "string", describe: "a node or a Region, as the fault asks" })
      .option("seconds", { type: "number", describe: "how long a fault takes that takes its time" })
      .option("list", { type: "boolean", default: false, describe: "name the faults and end" }),
  async run(options, operations, io) {
    const rehearsal = requireRehearsal(operations);
    const faults = await listFaults(rehearsal, io.signal);
    const typed = textOption(options, "kind");
    if (options.list === true || typed === undefined) return { data: { schema: 1, faults }, text: faultTable(io.paint, faults) };
    const fault = faults.find(({ kind }) => kind === typed);
    /** The control server knows short words that its list does not show; a near miss is a slip. */
    const names = faults.map(({ kind }) => kind);
    if (fault === undefined && nearest(typed, names) !== "") throw noSuch("fault", typed, names, "`ha fault --list` says what each does.");
    const target = textOption(options, "target") ?? null;
    if (fault !== undefined) refuseTarget(fault, target, operations);
    const seconds = numberOption(options, "seconds") ?? null;
    if (seconds === null && options.seconds !== undefined)
      throw new CommandFailed({ code: EXIT.usage, sentence: "--seconds takes a number.", next: "For example: `ha fault leak n1 --seconds 60`." });
    await inject(rehearsal, { kind: typed, target, seconds }, io.signal);
    const on = target === null ? "" : ` ${target}`;
    const undo =
      fault === undefined || fault.undo === typed
        ? "`ha fault heal` sets everything right again."
        : `To undo it: \`ha fault ${fault.undo}${fault.undo === "heal" ? "" : on}\`.`;
    return {
      data: { schema: 1, kind: typed, target, seconds: seconds ?? fault?.seconds ?? null },
      text: `${(fault?.seconds ?? null) === null ? "Done" : "Begun"}: ${typed}${on}. ${undo} Watch it with \`ha watch\`, read it with \`ha incident\`.`,
    };
  },
};

function requireRehearsal({ rehearsal }: Operations): Rehearsal {
  if (rehearsal !== null) return rehearsal;
  throw new CommandFailed({
    code: EXIT.refused,
    sentence: "no rehearsal runs in this folder, and faults are never made in a real network.",
    next: "Start one with `npm start` in another terminal.",
  });
}

function refuseTarget(fault: FaultKind, target: string | null, { fleet }: Operations): void {
  if (fault.target === "none" || fleet === null) return;
  const known: string[] = fault.target === "region" ? [...fleet.regions.observers] : fleet.nodes.map((node) => node.id);
  if (target === null) {
    throw new CommandFailed({
      code: EXIT.usage,
      sentence: `${fault.kind} needs a ${fault.target}: ${known.join(", ")}.`,
      next: `For example: \`ha fault ${fault.kind} ${known[0] ?? ""}\`.`,
    });
  }
  if (!known.includes(target)) throw noSuch(fault.target, target, known);
}

const faultTable = (paint: Paint, faults: readonly FaultKind[]): string =>
  table(
    paint,
    ["fault", "target", "what it does", "takes", "undone by"],
    faults.map((fault) => [
      paint.bold(fault.kind),
      fault.target === "none" ? "-" : fault.target,
      fault.about,
      fault.seconds === null ? "-" : `${fault.seconds} s`,
      fault.undo,
    ]),
  );
