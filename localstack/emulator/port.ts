/**
 * What is behind a loopback port: nothing, an emulator that speaks LocalStack's API, or something else, by name where the
 * system tells. An emulator binds its port even where another listens and the two then share the calls, so one always looks first.
 */
import { execFile } from "node:child_process";
import { connect } from "node:net";
import { promisify } from "node:util";
import * as z from "zod";
import { portAllotment } from "../network/free-port.ts";

export type PortState =
  | { readonly kind: "free" }
  | { readonly kind: "emulator"; readonly version: string; readonly services: number }
  | { readonly kind: "taken"; readonly holder: string };

const LOOK_MS_MAX = 2_000;
const TOOL_MS_MAX = 5_000;
const HEALTH_BYTES_MAX = 256 * 1024;
const HEALTH_PATHS = ["/_localstack/health", "/_ministack/health"] as const;
/** LocalStack's shape, which its kin keep: what can be asked for, and who answers. */
const Health = z.object({ services: z.record(z.string(), z.string()), version: z.string().default("unknown") });

const run = promisify(execFile);

export async function lookAtPort(port: number): Promise<PortState> {
  if (!(await listens(port))) return { kind: "free" };
  for (const path of HEALTH_PATHS) {
    const health = await healthAt(`http://127.0.0.1:${port}${path}`);
    if (health) return { kind: "emulator", version: health.version, services: Object.keys(health.services).length };
  }
  return { kind: "taken", holder: (await holderOf(port)) ?? "a process that this user may not see" };
}

/** A port that nothing uses at this moment, on loopback, that no outgoing connection will be given, and that this process was not given before. */
export const freePort = portAllotment();

/** Null for whatever is not an emulator's health: no answer, no JSON, another shape, too long. */
export async function healthAt(url: string): Promise<z.infer<typeof Health> | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(LOOK_MS_MAX), redirect: "error" });
    const length = Number(response.headers.get("content-length") ?? 0);
    if (!response.ok || length > HEALTH_BYTES_MAX) {
      await response.body?.cancel();
      return null;
    }
    return Health.safeParse(await response.json()).data ?? null;
  } catch {
    // A port that refuses, hangs, talks another protocol or no JSON has one thing in common: no emulator answers there.
    return null;
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  const outcome = await new Promise<boolean>((settle) => {
    socket.setTimeout(LOOK_MS_MAX, () => settle(true));
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
  socket.destroy();
  return outcome;
}

/** "name (process 4711)", by lsof (macOS, most Linux) or ss. */
async function holderOf(port: number): Promise<string | undefined> {
  const lsof = await output("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"]);
  const [pid, name] = [/^p(\d+)$/m.exec(lsof)?.[1], /^c(.+)$/m.exec(lsof)?.[1]];
  if (pid && name) return `${name} (process ${pid})`;
  const [, ssName, ssPid] = /users:\(\("([^"]+)",pid=(\d+)/.exec(await output("ss", ["-Hltnp", `sport = :${port}`])) ?? [];
  return ssName && ssPid ? `${ssName} (process ${ssPid})` : undefined;
}

/** Empty where the tool is missing or finds nothing: naming the holder is a courtesy. */
async function output(command: string, args: readonly string[]): Promise<string> {
  return run(command, [...args], { timeout: TOOL_MS_MAX }).then(
    ({ stdout }) => stdout,
    () => "",
  );
}
