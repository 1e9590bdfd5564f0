/** The vault's command line: parses, runs one action, prints its answer or one sentence for what went wrong. */
import yargs, { type Argv } from "yargs";
import { type Answer, numberOption, type Options, type Out, textOption } from "../command.ts";
import { CommandFailed, EXIT, type ExitCode } from "../exit-codes.ts";
import { printFailure } from "../print-failure.ts";
import { backup, initialise, list, restore, rotate, verify, type Where } from "./actions.ts";
import { forget, prove, sweep } from "./keeping.ts";
import { Progress } from "./progress.ts";

const HELP_COLUMNS_MAX = 110;

export type Streams = { readonly out: Out; readonly err: Out };
type Act = (where: Where, options: Options, progress: Progress) => Promise<Answer>;
/** `what` names the things that are counted while it runs. */
type Run = (act: Act, what?: string) => (options: Options) => Promise<void>;

/** Resolves to the exit code; never rejects. */
export async function runVault(args: readonly string[], { out, err }: Streams): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const run: Run =
    (act, what = "files") =>
    async (options) => {
      const progress = new Progress(err, what, () => performance.now());
      try {
        const endpoint = textOption(options, "endpoint");
        const where = {
          vault: String(options.vault),
          passphraseFile: String(options.passphraseFile),
          ...(endpoint === undefined ? {} : { endpoint }),
        };
        const answer = await act(where, options, progress).finally(() => progress.clear());
        out.write(options.json === true ? `${JSON.stringify({ ok: true, ...answer.data }, null, 2)}\n` : `${answer.text}\n`);
      } catch (error) {
        code = printFailure(error, options.json === true, { out, err, colours: false });
      }
    };
  try {
    await parserOf(args, run, out.columns ?? HELP_COLUMNS_MAX).parseAsync([...args], {}, (_error, _argv, output) => {
      if (output) out.write(`${output}\n`);
    });
    return code;
  } catch (error) {
    return printFailure(error, args.includes("--json"), { out, err, colours: false });
  }
}

function parserOf(args: readonly string[], run: Run, columns: number): Argv {
  const name = (options: Options): string => textOption(options, "name") ?? "node";
  const sequence = (options: Options): number | undefined => numberOption(options, "backup");
  const one = (argv: Argv): Argv => argv.option("backup", { type: "number", describe: "the backup's number (else the newest)" });
  return (
    yargs([...args])
      .scriptName("vault")
      .usage("$0 <command>\n\nBacks up a directory into a vault in a folder or a bucket, and restores it: encrypted, deduplicated, verifiable.")
      /** Not `ha`'s prefix: each of the two refuses what it does not know, and would refuse the other's. */
      .env("HAVAULT")
      .option("vault", { type: "string", demandOption: true, describe: "the vault's folder, or its bucket: s3://name" })
      .option("endpoint", { type: "string", describe: "of another S3 than AWS's" })
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
        run((where, options, progress) => backup(where, String(options.folder), name(options), options.full === true, progress)),
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
        run((where, options, progress) => verify(where, name(options), sequence(options), progress), "packs"),
      )
      .command(
        "restore <target>",
        "makes a directory as it was",
        (argv) => one(argv.positional("target", { type: "string", demandOption: true, describe: "a folder that does not exist yet" })),
        run((where, options, progress) => restore(where, name(options), sequence(options), String(options.target), progress)),
      )
      .command(
        "prove",
        "opens what was never opened and a share of the rest, of all nodes, and writes down what was whole",
        (argv) =>
          argv
            .option("period", { type: "number", default: 30, describe: "everything is opened again within so many days" })
            .option("every", { type: "number", default: 1, describe: "days until the next run" }),
        run(
          (where, options, progress) => prove(where, numberOption(options, "period") ?? 30, numberOption(options, "every") ?? 1, progress),
          "packs",
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
        throw error ?? new CommandFailed({ code: EXIT.usage, sentence: message, next: "`--help` says what there is." });
      })
  );
}
