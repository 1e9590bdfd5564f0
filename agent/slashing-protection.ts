/**
 * Takes a validator's signing history over, or hands it on, by EIP-3076, while the agent is stopped:
 *
 *     node agent/slashing-protection.ts export --config <file> --role <role> --pubkey <0x…> --genesis-validators-root <0x…> --file <out.json>
 *     node agent/slashing-protection.ts import …same options… --file <in.json>
 *
 * An import only ever raises a watermark, durably, before it says so. An export is worth nothing while somebody goes on signing: it
 * says so too. Ends with 0 when done, 2 where the words, the file or the store are wrong, and then nothing was changed.
 */
import { randomBytes } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { parseArgs } from "node:util";
import * as z from "zod";
import { readInterchange, type Validator, writeInterchange } from "../core/failover/stateful-failover/slashing-interchange.ts";
import { RoleName } from "../core/kernel/ids.ts";
import { type AgentConfig, readAgentConfig } from "./config.ts";
import { type AgentState, openStore } from "./store.ts";
import { unlockKey } from "./unlock.ts";

const USAGE =
  "node agent/slashing-protection.ts export|import --config <file> --role <role> --pubkey <0x…> --genesis-validators-root <0x…> --file <json>";
/** A validator's whole history of years; beyond that it is not one validator's file. */
const FILE_BYTES_MAX = 512 * 1024 * 1024;
const LISTENS_MS_MAX = 1_000;

export type Outcome = { readonly kind: "done"; readonly sentence: string } | { readonly kind: "refused"; readonly faults: readonly string[] };
type Order = { readonly config: AgentConfig; readonly role: RoleName; readonly validator: Validator; readonly file: string };

export async function exportHistory(order: Order): Promise<Outcome> {
  const opened = await openStopped(order);
  if (opened.kind === "refused") return opened;
  const watermark = roleIn(opened.state, order.role)?.watermark ?? -1;
  writeFileSync(order.file, `${JSON.stringify(writeInterchange(order.validator, watermark), null, 2)}\n`, { mode: 0o600, flag: "wx" });
  const signed = watermark < 0 ? "nothing was ever signed" : `nothing at or below slot ${watermark} may be signed again`;
  return { kind: "done", sentence: `${order.file} says that ${signed}. It is true only as long as this agent stays stopped.` };
}

export async function importHistory(order: Order): Promise<Outcome> {
  const document = readDocument(order.file);
  if (document.kind === "refused") return document;
  const imported = readInterchange(document.value, order.validator);
  if (imported.kind === "refused") return { kind: "refused", faults: imported.faults.map((fault) => `${order.file}: ${fault}`) };
  const opened = await openStopped(order);
  if (opened.kind === "refused") return opened;
  const before = roleIn(opened.state, order.role);
  const known = before ?? { role: order.role, epoch: 0, fencedThrough: 0, watermark: -1, throughSlot: -1 };
  const raised = { ...known, watermark: Math.max(known.watermark, imported.watermark) };
  const roles = [...opened.state.roles.filter(({ role }) => role !== order.role), raised];
  const saved = opened.file.save({ ...opened.state, roles });
  if (saved.kind === "damaged") return { kind: "refused", faults: [saved.reason] };
  const left = imported.attestations === 0 ? "" : ` ${imported.attestations} attestations were not taken over: this gate signs blocks only.`;
  return { kind: "done", sentence: `${order.role} signs nothing at or below slot ${raised.watermark} (it was ${known.watermark}).${left}` };
}

const roleIn = (state: AgentState, role: RoleName) => state.roles.find((one) => one.role === role);

/** The store as a boot of its own, so that the registry takes the next start for what it is: another history than it last heard of. */
async function openStopped({ config, role }: Order) {
  const refused = (reason: string): Extract<Outcome, { kind: "refused" }> => ({ kind: "refused", faults: [reason] });
  if (!config.roles.includes(role)) return refused(`--role: found ${role}, this agent's roles are ${config.roles.join(", ")}`);
  if (await listens(config.listen))
    return refused(`the agent runs (port ${config.listen.port} answers): stop it first, since it would go on signing`);
  const unlocked = await unlockKey(config);
  if (unlocked.kind === "refused") return refused(unlocked.reason);
  const bootId = randomBytes(16).toString("base64url");
  const { fleet, node, store: folder, key } = config;
  const opened = openStore({ folder, keyFile: key.file, fleet, node, bootId, privateKey: unlocked.privateKey, initialize: null });
  return opened.kind === "damaged" ? refused(opened.reason) : opened;
}

function readDocument(file: string): { kind: "value"; value: unknown } | Extract<Outcome, { kind: "refused" }> {
  try {
    const { size } = statSync(file);
    if (size > FILE_BYTES_MAX) return { kind: "refused", faults: [`${file} has ${size} bytes; allowed are ${FILE_BYTES_MAX}`] };
    return { kind: "value", value: JSON.parse(readFileSync(file, "utf8")) };
  } catch (error) {
    return { kind: "refused", faults: [`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

function listens({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: LISTENS_MS_MAX });
    const answer = (found: boolean) => () => {
      socket.destroy();
      resolve(found);
    };
    socket.once("connect", answer(true)).once("error", answer(false)).once("timeout", answer(false));
  });
}

const Words = z.object({
  config: z.string().min(1),
  role: RoleName,
  pubkey: z.string().regex(/^0x[0-9a-fA-F]{96}$/, "must be a BLS public key, 0x and 96 hexadecimal digits"),
  "genesis-validators-root": z.string().regex(/^0x[0-9a-fA-F]{64}$/, "must be 0x and 64 hexadecimal digits"),
  file: z.string().min(1),
});

async function run(): Promise<Outcome> {
  const options = { config: { type: "string" }, role: { type: "string" }, pubkey: { type: "string" }, file: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { ...options, "genesis-validators-root": { type: "string" } } });
  const [verb] = positionals;
  const words = Words.safeParse(values);
  if ((verb !== "export" && verb !== "import") || !words.success) {
    const faults = words.success ? [] : words.error.issues.map(({ path, message }) => `--${path.join(".")}: ${message}`);
    return { kind: "refused", faults: [...faults, USAGE] };
  }
  const read = await readAgentConfig(words.data.config);
  if (read.kind === "invalid") return { kind: "refused", faults: read.faults };
  const validator = { genesisValidatorsRoot: words.data["genesis-validators-root"], publicKey: words.data.pubkey };
  const order = { config: read.config, role: words.data.role, validator, file: words.data.file };
  return verb === "export" ? exportHistory(order) : importHistory(order);
}

if (import.meta.main) {
  const outcome = await run().catch(
    (error: unknown): Outcome => ({ kind: "refused", faults: [error instanceof Error ? error.message : String(error)] }),
  );
  if (outcome.kind === "done") process.stdout.write(`${outcome.sentence}\n`);
  else for (const fault of outcome.faults) process.stderr.write(`${fault}\n`);
  process.exitCode = outcome.kind === "done" ? 0 : 2;
}
