/** The vault's command line: parses, runs one action, prints its answer or one sentence for what went wrong. */
import yargs, { type Argv } from "yargs";
import { type Answer, numberOption, type Options, type Out, textOption } from "../command.ts";
import { EXIT, type ExitCode, failureOf } from "../exit-codes.ts";
import { backup, initialise, list, restore, rotate, verify, type Where } from "./actions.ts";
import { forget, prove, sweep } from "./keeping.ts";
import { Progress } from "./progress.ts";

const HELP_COLUMNS_MAX = 110;

export type Streams = { readonly out: Out; readonly err: Out };
type Act = (where: Where, options: Options, progressOf: (what: string) => Progress) => Promise<Answer>;

/** Resolves to the exit code; never rejects. */
export async function runVault(args: readonly string[], { out, err }: Streams): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const run = (act: Act) => async (options: Options) => {
    const progresses: Progress[] = [];
    const progressOf = (what: string): Progress => {
      const progress = new Progress(err, what, () => performance.now());
      progresses.push(progress);
      return progress;
    };
    try {
      const where = { vault: String(options.vault), passphraseFile: String(options.passphraseFile) };
      const answer = await act(where, options, progressOf);
      for (const progress of progresses) progress.clear();
      out.write(options.json === true ? `${JSON.stringify({ ok: true, ...answer.data }, null, 2)}\n` : `${answer.text}\n`);
    } catch (error) {
      for (const progress of progresses) progress.clear();
      code = printFailure(error, options.json === true, out, err);
    }
  };
  try {
    await parserOf(args, run, out.columns ?? HELP_COLUMNS_MAX).parseAsync([...args], {}, (_error, _argv, output) => {
      if (output) out.write(`${output}\n`);
    });
    return code;
  } catch (error) {
    err.write(`✗ ${error instanceof Error ? error.message : String(error)}\n  \`--help\` says what there is.\n`);
    return EXIT.usage;
  }
}

function parserOf(args: readonly string[], run: (act: Act) => (options: Options) => Promise<void>, columns: number): Argv {
  const name = (options: Options): string => textOption(options, "name") ?? "node";
  const sequence = (options: Options): number | undefined => numberOption(options, "backup");
  const target = (argv: Argv): Argv =>
    argv.positional("target", { type: "string", demandOption: true, describe: "a folder that does not exist yet" });
  const one = (argv: Argv): Argv => argv.option("backup", { type: "number", describe: "the backup's number (else the newest)" });
  return yargs([...args])
    .scriptName("vault")
    .usage("$0 <command>\n\nBacks up a directory into a vault in a local folder, and restores it: encrypted, deduplicated, verifiable.")
    .env("SYNNERGY")
    .option("vault", { type: "string", demandOption: true, describe: "the vault's folder" })
    .option("passphrase-file", { type: "string", demandOption: true, describe: "a file that holds the passphrase, readable by you alone" })
    .option("name", { type: "string", default: "node", describe: "whose directory it is: one vault serves many nodes" })
    .option("json", { type: "boolean", default: false, describe: "for programs: one JSON object" })
    .command("init", "makes a vault in an empty folder", (argv) => argv, run(initialise))
    .command(
      "backup <folder>",
      "stores what has changed in a directory",
      (argv) =>
        argv
          .positional("folder", { type: "string", demandOption: true, describe: "the directory" })
          .option("full", { type: "boolean", default: false, describe: "read every file, whatever its times say" })
          .example("$0 backup /var/lib/geth --vault /mnt/vault --passphrase-file key", "stop the node or take a snapshot first"),
      run((where, options, progressOf) => backup(where, String(options.folder), name(options), options.full === true, progressOf("files"))),
    )
    .command(
      "list",
      "a node's backups",
      (argv) => argv,
      run((where, options) => list(where, name(options))),
    )
    .command(
      "verify",
      "opens all of a backup and compares it with its ids",
      one,
      run((where, options, progressOf) => verify(where, name(options), sequence(options), progressOf("packs"))),
    )
    .command(
      "restore <target>",
      "makes a directory as it was",
      (argv) => one(target(argv)),
      run((where, options, progressOf) => restore(where, name(options), sequence(options), String(options.target), progressOf("files"))),
    )
    .command(
      "prove",
      "opens what was never opened and a share of the rest, of all nodes, and writes down what was whole",
      (argv) =>
        argv
          .option("period", { type: "number", default: 30, describe: "everything is opened again within so many days" })
          .option("every", { type: "number", default: 1, describe: "days until the next run" }),
      run((where, options, progressOf) =>
        prove(where, numberOption(options, "period") ?? 30, numberOption(options, "every") ?? 1, progressOf("packs")),
      ),
    )
    .command(
      "forget",
      "removes a node's old backups; the newest, and the newest that is proven, stay",
      (argv) =>
        argv
          .option("keep", { type: "number", describe: "at least so many of the newest stay" })
          .option("days", { type: "number", describe: "everything younger stays" }),
      run((where, options) => forget(where, name(options), numberOption(options, "keep"), numberOption(options, "days"))),
    )
    .command("sweep", "gives space back, in two runs more than a day apart, safely beside backups", (argv) => argv, run(sweep))
    .command(
      "rotate",
      "another passphrase, or a new key for what is written from now on; no data is written again",
      (argv) =>
        argv
          .option("new-passphrase-file", { type: "string", describe: "the new passphrase (else the same)" })
          .option("new-data-key", { type: "boolean", default: false, describe: "seal new data under a new key" }),
      run((where, options) => rotate(where, textOption(options, "newPassphraseFile"), options.newDataKey === true)),
    )
    .demandCommand(1, "Which command?")
    .strict()
    .recommendCommands()
    .wrap(Math.min(HELP_COLUMNS_MAX, columns))
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new Error(message);
    });
}

function printFailure(error: unknown, json: boolean, out: Out, err: Out): ExitCode {
  const { code, name, sentence, next } = failureOf(error);
  if (json) out.write(`${JSON.stringify({ ok: false, error: { code, name, message: sentence, next } }, null, 2)}\n`);
  else err.write(`✗ ${sentence}\n`);
  return code;
}
