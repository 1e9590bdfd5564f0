/**
 * One node's validator, a process of its own: `node validator.ts <config.json>`. In each slot it asks the agent beside it
 * "may I sign slot N", and only on a yes for that very slot does it make the slot's block, once. It keeps nothing between
 * slots and asks on a standby too, where it is told no. Asked before the grant was there, it asks again within the slot.
 */
import { readFileSync } from "node:fs";
import * as z from "zod";
import { systemClock } from "../../adapters/clock-system.ts";
import { SignAnswer } from "../../core/kernel/agent-protocol.ts";
import { NodeId, RoleName } from "../../core/kernel/ids.ts";
import { slotAt, slotStartMs } from "../../core/kernel/slots.ts";

export const ValidatorConfig = z.strictObject({
  node: NodeId,
  role: RoleName,
  slots: z.strictObject({ kind: z.literal("time"), genesisTime: z.int().min(0), seconds: z.literal(1) }),
  signUrl: z.url(),
  buildUrl: z.url(),
  buildToken: z.string().min(16),
});
export type ValidatorConfig = z.infer<typeof ValidatorConfig>;

/** When in a slot to ask, in parts of it: at once, and after a no twice again, so that a new holder loses no whole slot. */
const ASK_AT = [0, 1 / 4, 1 / 2] as const;
/** A quarter of a slot of one second: an agent's answer costs one fsync, some milliseconds. */
const SIGN_MS_MAX = 250;
/** Past the slot the block is late, but a yes was given for it, and nobody else may sign the slot. */
const BUILD_MS_MAX = 2_000;

const BuildAnswer = z.object({ kind: z.enum(["built", "refused"]), reason: z.string().optional() });

export async function runValidator(config: ValidatorConfig, signal: AbortSignal, say: (line: Record<string, unknown>) => void): Promise<void> {
  let saidLast = "";
  const sayOnce = (kind: string, slot: number, reason: string): void => {
    if (`${kind} ${reason}` !== saidLast) say({ kind, slot, reason });
    saidLast = `${kind} ${reason}`;
  };

  async function askAndSign(slot: number): Promise<"signed" | "not yet" | "done"> {
    const answer = await ask(config, slot, signal);
    if (answer.kind === "no") {
      sayOnce("no", slot, answer.reason);
      return "not yet";
    }
    if (answer.slot !== slot) {
      sayOnce("misanswered", slot, `the agent answered for slot ${answer.slot}`);
      return "done";
    }
    const built = await post(config.buildUrl, { node: config.node, slot }, BUILD_MS_MAX, signal, { authorization: `Bearer ${config.buildToken}` })
      .then((body) => BuildAnswer.parse(body))
      .catch((error: unknown) => ({ kind: "refused" as const, reason: words(error) }));
    if (built.kind === "built") sayOnce("signing", slot, `epoch ${answer.epoch}`);
    else sayOnce("not-built", slot, built.reason ?? "no reason given");
    return built.kind === "built" ? "signed" : "done";
  }

  while (!signal.aborted) {
    const slot = slotAt(config.slots, Date.now());
    for (const part of ASK_AT) {
      await sleepUntil(slotStartMs(config.slots, slot + part), signal);
      // A process that was paused wakes in another slot: nothing is asked for one that is over.
      if (signal.aborted || slotAt(config.slots, Date.now()) !== slot) break;
      if ((await askAndSign(slot)) !== "not yet") break;
    }
    await sleepUntil(slotStartMs(config.slots, slot + 1), signal);
  }
}

async function ask(config: ValidatorConfig, slot: number, signal: AbortSignal): Promise<SignAnswer> {
  try {
    return SignAnswer.parse(await post(config.signUrl, { role: config.role, slot }, SIGN_MS_MAX, signal));
  } catch (error) {
    // No agent, no yes.
    return { kind: "no", slot, reason: `the agent did not answer: ${words(error)}` };
  }
}

async function post(url: string, body: unknown, timeoutMs: number, signal: AbortSignal, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    redirect: "error",
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${(await response.text()).slice(0, 200)}`);
  return response.json();
}

function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}

const clock = systemClock();

/** Not a millisecond early, whatever the timer thinks: an early look would find the slot before. */
async function sleepUntil(wallMs: number, signal: AbortSignal): Promise<void> {
  for (let leftMs = wallMs - Date.now(); leftMs > 0 && !signal.aborted; leftMs = wallMs - Date.now()) await clock.sleep(leftMs, signal);
}

if (import.meta.main) {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new Error("a validator needs one argument: its configuration file");
  const config = ValidatorConfig.parse(JSON.parse(readFileSync(file, "utf8")));
  const ending = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => ending.abort());
  await runValidator(config, ending.signal, (line) => console.log(JSON.stringify({ atMs: Date.now(), node: config.node, ...line })));
}
