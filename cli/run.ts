/**
 * The command line itself: parses, runs one command, prints its answer, and turns any error into a sentence with the next step
 * and a documented exit code. Given its streams and its world, so that a test runs all of it in memory.
 */
import yargs, { type Argv } from "yargs";
import type { Command, Io, Operations, Options, Out } from "./command.ts";
import { approveCommand } from "./commands/approve.ts";
import { backupCommand } from "./commands/backup.ts";
import { capacityCommand } from "./commands/capacity.ts";
import { eventsCommand } from "./commands/events.ts";
import { failoverCommand } from "./commands/failover.ts";
import { faultCommand } from "./commands/fault.ts";
import { incidentCommand } from "./commands/incident.ts";
import { incidentsCommand } from "./commands/incidents.ts";
import { labelCommand } from "./commands/label.ts";
import { modeCommand } from "./commands/mode.ts";
import { modelCommand } from "./commands/model.ts";
import { nodesCommand } from "./commands/nodes.ts";
import { operatorCommand } from "./commands/operator.ts";
import { predictionsCommand } from "./commands/predictions.ts";
import { rejectCommand } from "./commands/reject.ts";
import { statusCommand } from "./commands/status.ts";
import { switchoverCommand } from "./commands/switchover.ts";
import { watchCommand } from "./commands/watch.ts";
import { CommandFailed, EXIT, EXIT_MEANINGS, type ExitCode } from "./exit-codes.ts";
import { printFailure } from "./print-failure.ts";
import { painted } from "./render/paint.ts";

export const COMMANDS: readonly Command[] = [
  statusCommand,
  nodesCommand,
  watchCommand,
  eventsCommand,
  incidentsCommand,
  incidentCommand,
  failoverCommand,
  switchoverCommand,
  approveCommand,
  rejectCommand,
  modeCommand,
  operatorCommand,
  backupCommand,
  predictionsCommand,
  labelCommand,
  capacityCommand,
  modelCommand,
  faultCommand,
];

const EPILOGUE = `Exit codes: ${Object.entries(EXIT)
  .map(([name, code]) => `${code} ${EXIT_MEANINGS[name as keyof typeof EXIT]}`)
  .join("; ")}.\nEvery option may also come from the environment as SYNNERGY_<OPTION>, such as SYNNERGY_FLEET. More in docs/cli.md.`;

/** Wide enough for a sentence, narrow enough to read. */
const HELP_COLUMNS_MAX = 110;

export type Terminal = { readonly out: Out; readonly err: Out; readonly colours: boolean; readonly signal: AbortSignal };

/** Resolves to the exit code; never rejects. */
export async function runHa(args: readonly string[], open: (options: Options) => Operations, terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const chosen = async (command: Command, options: Options): Promise<void> => {
    code = await runCommand(command, options, open, terminal);
  };
  try {
    await parserOf(args, chosen, terminal.out.columns ?? HELP_COLUMNS_MAX).parseAsync([...args], {}, (_error, _argv, output) => {
      if (output) terminal.out.write(`${output}\n`);
    });
    return code;
  } catch (error) {
    return printFailure(error, args.includes("--json"), terminal);
  }
}

function parserOf(args: readonly string[], chosen: (command: Command, options: Options) => Promise<void>, columns: number): Argv {
  let parser: Argv = yargs([...args])
    .scriptName("ha")
    .usage("$0 <command>\n\nWatches, moves and explains the roles of a blockchain network's fleet, and proves its backups.")
    .env("SYNNERGY")
    .option("fleet", { type: "string", describe: "the fleet's name", group: "Where:" })
    .option("file", { type: "string", describe: "the fleet file (else the rehearsal's, else ./fleet.yaml)", group: "Where:" })
    .option("region", { type: "string", describe: "the Region to ask (else the fleet's home)", group: "Where:" })
    .option("profile", { type: "string", describe: "the AWS profile", group: "Where:" })
    .option("aws", { type: "boolean", default: false, describe: "the AWS account, even while a rehearsal runs here", group: "Where:" })
    .option("rehearsal", { type: "string", describe: "the folder of a rehearsal that runs elsewhere (else ./.rehearsal)", group: "Where:" })
    .option("by", { type: "string", describe: "who asks, for the journal (else the name on this machine)" })
    .option("json", { type: "boolean", default: false, describe: "for programs: one JSON object (a line each when following)" });
  for (const command of COMMANDS) {
    const build = (argv: Argv): Argv => command.examples.reduce((built, [line, says]) => built.example(line, says), command.build(argv));
    parser = parser.command(command.usage, command.summary, build, async (options) => await chosen(command, options as Options));
  }
  return parser
    .completion("completion", "prints the script for your shell's completion: ha completion >> ~/.bashrc")
    .demandCommand(1, "Which command? `ha --help` lists them.")
    .strict()
    .recommendCommands()
    .wrap(Math.min(HELP_COLUMNS_MAX, columns))
    .epilogue(EPILOGUE)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new CommandFailed({ code: EXIT.usage, sentence: message, next: "`ha --help`, or `ha <command> --help`, says what there is." });
    });
}

async function runCommand(command: Command, options: Options, open: (options: Options) => Operations, terminal: Terminal): Promise<ExitCode> {
  const json = options.json === true;
  const io: Io = { ...terminal, json, paint: painted(terminal.colours && !json) };
  let operations: Operations | undefined;
  try {
    operations = open(options);
    const answer = await command.run(options, operations, io);
    if (answer === null) return EXIT.ok;
    io.out.write(json ? `${JSON.stringify({ ok: (answer.exit ?? EXIT.ok) === EXIT.ok, ...answer.data }, null, 2)}\n` : `${answer.text}\n`);
    for (const [region, reason] of operations.missingRegions)
      io.err.write(`${io.paint.yellow("!")} without ${region}, which does not answer: ${reason}\n`);
    return answer.exit ?? EXIT.ok;
  } catch (error) {
    return printFailure(error, json, terminal);
  } finally {
    operations?.close();
  }
}
