/** Finds a Python that the emulator can live in. What a name leads to is asked of the interpreter, never believed. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const MINOR_MIN = 10;
const NAMES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"] as const;
const ASK_MS_MAX = 10_000;
const QUESTION = "import sys, venv, ensurepip; print(sys.version_info[0], sys.version_info[1], sys.executable)";

const run = promisify(execFile);

/** The path of the first Python ≥ 3.10 that can make a virtual environment. Throws, saying what was found instead. */
export async function findPython(names: readonly string[] = NAMES, path = process.env.PATH ?? ""): Promise<string> {
  const found: string[] = [];
  for (const name of names) {
    const answer = await ask(name, path);
    if (answer.kind === "python" && answer.major === 3 && answer.minor >= MINOR_MIN) return answer.executable;
    found.push(`${name}: ${answer.kind === "python" ? `${answer.major}.${answer.minor}` : answer.reason}`);
  }
  throw new Error(
    `the emulator needs Python ≥ 3.${MINOR_MIN} with venv (Debian and Ubuntu: apt-get install python3-venv; macOS: brew install python3). Found ${found.join("; ")}.`,
  );
}

type Answer = { readonly kind: "python"; major: number; minor: number; executable: string } | { readonly kind: "none"; reason: string };

async function ask(name: string, path: string): Promise<Answer> {
  try {
    const { stdout } = await run(name, ["-c", QUESTION], { timeout: ASK_MS_MAX, env: { ...process.env, PATH: path } });
    const [major, minor, ...executable] = stdout.trim().split(" ");
    return { kind: "python", major: Number(major), minor: Number(minor), executable: executable.join(" ") };
  } catch (error) {
    // The last line of a Python traceback names what is missing.
    const stderr = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    const last = stderr.split("\n").at(-1);
    return { kind: "none", reason: last || (error instanceof Error && "code" in error && error.code === "ENOENT" ? "not there" : String(error)) };
  }
}
