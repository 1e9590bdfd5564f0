/**
 * The local AWS. One that already answers on the port is used as it is, and never stopped or wiped. Otherwise the pinned MiniStack
 * is started, on that port or, where something else holds it, on a free one; it listens on loopback only, runs Node functions with
 * the Node that runs this, keeps its files in `folder`, and ends, its Lambda children included, with `processes`.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Processes } from "../processes/open-processes.ts";
import { installEmulator } from "./install.ts";
import { freePort, healthAt, lookAtPort } from "./port.ts";

export const DEFAULT_PORT = 4566;
export const EMULATOR_PROCESS = "emulator";
/** 0.3 s on an idle machine; on a busy one Python's imports alone take seconds. */
const READY_MS_MAX = 30_000;

export type Emulator = {
  readonly endpoint: string;
  readonly port: number;
  /** False: it was there before us and stays. */
  readonly owned: boolean;
  readonly version: string;
  /** From the call to the first answer, without installing. */
  readonly startedMs: number;
  readonly installedMs: number;
  /** What held the wanted port, where another had to be used. */
  readonly portHolder?: string;
};

export type EmulatorOptions = {
  readonly processes: Processes;
  /** Emptied at each start. */
  readonly folder: string;
  /** The project's folder, where `.venv` is. */
  readonly root: string;
  readonly port?: number;
  /** Without launch.py's patches, to see what upstream does. */
  readonly unpatched?: boolean;
};

export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { processes, folder, root, port: wanted = DEFAULT_PORT, unpatched = false } = options;
  const found = await lookAtPort(wanted);
  if (found.kind === "emulator") {
    return { endpoint: `http://127.0.0.1:${wanted}`, port: wanted, owned: false, version: found.version, startedMs: 0, installedMs: 0 };
  }
  const { python, installedMs } = await installEmulator({ processes, root });
  const port = found.kind === "free" ? wanted : await freePort();
  const from = performance.now();
  const endpoint = `http://127.0.0.1:${port}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Functions are unpacked below this folder, beside a worker that is CommonJS: without this Node would ask our own package.json.
  writeFileSync(join(folder, "package.json"), '{"type":"commonjs"}');
  let version = "unknown";
  await processes.start({
    name: EMULATOR_PROCESS,
    command: python,
    args: [join(import.meta.dirname, "launch.py"), ...(unpatched ? ["--unpatched"] : [])],
    cwd: folder,
    env: environment(folder, port, python),
    ready: {
      withinMs: READY_MS_MAX,
      async check() {
        const health = await healthAt(`${endpoint}/_ministack/health`);
        version = health?.version ?? version;
        return health !== null;
      },
    },
  });
  const startedMs = Math.round(performance.now() - from);
  const holder = found.kind === "taken" ? { portHolder: found.holder } : {};
  return { endpoint, port, owned: true, version, startedMs, installedMs, ...holder };
}

/** All of it: the functions inherit the emulator's environment, and must not see the operator's. */
function environment(folder: string, port: number, python: string): Record<string, string> {
  return {
    PATH: [dirname(process.execPath), dirname(python), process.env.PATH ?? "/usr/bin:/bin"].join(delimiter),
    HOME: folder,
    TMPDIR: folder,
    LANG: "C.UTF-8",
    PYTHONUNBUFFERED: "1",
    BIND_HOST: "127.0.0.1",
    MINISTACK_HOST: "127.0.0.1",
    GATEWAY_PORT: String(port),
    IOT_MTLS_ENABLED: "0",
    SFTP_ENABLED: "0",
  };
}
