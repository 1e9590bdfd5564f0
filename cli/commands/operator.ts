/**
 * `ha operator …`: who may approve over HTTPS without AWS credentials. A token is made here, shown once and kept nowhere but as
 * its Argon2id hash.
 */
import { hashToken } from "../../adapters/argon2-layer.ts";
import type { Operator } from "../../core/kernel/records.ts";
import { type Answer, type Command, type Operations, textOption } from "../command.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";
import { LIST_MAX, noSuch } from "../names.ts";
import type { Paint } from "../render/paint.ts";
import { table } from "../render/table.ts";
import { instant } from "../render/time.ts";

/** 128 random bits: hopeless to guess even without the limit on attempts. */
const TOKEN_BYTES = 16;
/** Names go into journals and into a key. */
const NAME = /^[a-z0-9][a-z0-9._@-]{0,63}$/i;

export const operatorCommand: Command = {
  usage: "operator <action> [name]",
  summary: "who may approve over HTTPS with a token: add, list, remove",
  examples: [
    ["$0 operator add anna", "prints anna's token, once"],
    ["$0 operator list", "who may, and whether somebody is locked out"],
    ["$0 operator remove anna", "her token is worth nothing from then on"],
  ],
  build: (argv) =>
    argv
      .positional("action", { choices: ["add", "list", "remove"], demandOption: true, describe: "what to do" })
      .positional("name", { type: "string", describe: "the operator's name (for add and remove)" }),
  async run(options, operations, io) {
    if (options.action === "list") return await list(operations, io.paint);
    const name = textOption(options, "name") ?? "";
    if (!NAME.test(name)) {
      throw new CommandFailed({
        code: EXIT.usage,
        sentence: `an operator's name is 1 to 64 letters, digits, '.', '_', '@' and '-'; found ${JSON.stringify(name)}.`,
        next: `For example: \`ha operator ${String(options.action)} anna\`.`,
      });
    }
    return options.action === "add" ? await add(operations, name) : await remove(operations, name);
  },
};

async function add({ registry, entropy, clock }: Operations, name: string): Promise<Answer> {
  const token = Buffer.from(entropy.bytes(TOKEN_BYTES)).toString("base64url");
  const operator: Operator = { name, tokenHash: await hashToken(token), failures: 0, lockedUntilMs: 0, createdAtMs: clock.wallMs() };
  const written = await registry.write("operator", name, operator, "absent");
  if (written.kind === "conflict") {
    throw new CommandFailed({
      code: EXIT.refused,
      sentence: `there is an operator ${name} already.`,
      next: `For a new token: \`ha operator remove ${name}\`, then \`ha operator add ${name}\`.`,
    });
  }
  return {
    data: { schema: 1, name, token },
    text: `${name}'s token, shown this once:\n\n  ${token}\n\nHand it over by a way you trust. It is used at the address in the stack's output ApproveUrl.`,
  };
}

async function list({ registry, clock }: Operations, paint: Paint): Promise<Answer> {
  const operators = (await registry.list("operator", { limit: LIST_MAX })).map(({ value }) => value);
  const nowMs = clock.wallMs();
  const rows = operators.map(({ name, createdAtMs, failures, lockedUntilMs }) => ({
    name,
    createdAtMs,
    failures,
    lockedUntilMs,
    locked: lockedUntilMs > nowMs,
  }));
  const text =
    rows.length === 0
      ? "There is no operator: only people with AWS credentials can approve."
      : table(
          paint,
          ["operator", "since", "wrong tokens", "locked"],
          rows.map((row) => [
            row.name,
            instant(row.createdAtMs),
            String(row.failures),
            row.locked ? paint.red(`until ${instant(row.lockedUntilMs)}`) : "no",
          ]),
        );
  return { data: { schema: 1, operators: rows }, text };
}

async function remove({ registry }: Operations, name: string): Promise<Answer> {
  const found = await registry.read("operator", name);
  if (found.kind === "absent") {
    const known = (await registry.list("operator", { limit: LIST_MAX })).map(({ key }) => key);
    throw noSuch("operator", name, known, "`ha operator list` shows them.");
  }
  await registry.remove("operator", name);
  return { data: { schema: 1, removed: name }, text: `${name} is removed; the token is worth nothing from now on.` };
}
