/**
 * Puts the emulator into a virtual environment of its own, `.venv/ministack-<version>`, from the pinned requirements. Done once;
 * a marker holds the digest of what was installed, so a half-done or outdated environment is made again from nothing.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { exclusively } from "../processes/exclusive.ts";
import type { Processes } from "../processes/open-processes.ts";
import { runToEnd } from "../processes/run-to-end.ts";
import { findPython } from "./python.ts";

const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");
const MARKER = "installed.sha256";
/** 90 MB from the package index; minutes on a slow line. */
const INSTALL_MS_MAX = 300_000;
const VENV_MS_MAX = 60_000;

export const EMULATOR_VERSION = pinnedVersion();

export type Installation = { readonly python: string; readonly installedMs: number };

/** `root` is the project's folder. Resolves to the environment's interpreter; at once where nothing is to be done. */
export async function installEmulator({ processes, root }: { processes: Processes; root: string }): Promise<Installation> {
  const venv = join(root, ".venv", `ministack-${EMULATOR_VERSION}`);
  const python = join(venv, "bin", "python3");
  const marker = join(venv, MARKER);
  const digest = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex");
  const isInstalled = (): boolean => existsSync(python) && existsSync(marker) && readFileSync(marker, "utf8") === digest;
  if (isInstalled()) return { python, installedMs: 0 };
  const from = performance.now();
  mkdirSync(dirname(venv), { recursive: true });
  await exclusively(`${venv}.lock`, VENV_MS_MAX + INSTALL_MS_MAX, async () => {
    if (isInstalled()) return;
    rmSync(venv, { recursive: true, force: true });
    await runToEnd(processes, { name: "emulator-venv", command: await findPython(), args: ["-m", "venv", venv] }, { withinMs: VENV_MS_MAX });
    const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--requirement", REQUIREMENTS];
    await runToEnd(processes, { name: "emulator-install", command: python, args: pip }, { withinMs: INSTALL_MS_MAX });
    writeFileSync(marker, digest);
  });
  return { python, installedMs: Math.round(performance.now() - from) };
}

function pinnedVersion(): string {
  const [, version] = /^ministack==(.+)$/m.exec(readFileSync(REQUIREMENTS, "utf8")) ?? [];
  if (version === undefined) throw new Error(`${REQUIREMENTS} does not pin ministack`);
  return version;
}
