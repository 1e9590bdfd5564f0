/** How a command of ours says that it failed: a sentence and the next step for people, one object for programs. */
import type { Out } from "./command.ts";
import { type ExitCode, failureOf } from "./exit-codes.ts";
import { painted } from "./render/paint.ts";

export function printFailure(error: unknown, json: boolean, { out, err, colours }: { out: Out; err: Out; colours: boolean }): ExitCode {
  const { code, name, sentence, next } = failureOf(error);
  if (json) out.write(`${JSON.stringify({ ok: false, error: { code, name, message: sentence, next } }, null, 2)}\n`);
  else err.write(`${painted(colours).red("✗")} ${sentence}\n${next === null ? "" : `  ${next}\n`}`);
  return code;
}
