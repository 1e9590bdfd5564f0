/**
 * The programs that are compared, each with a local folder as its store, its encryption on and its defaults otherwise. A program
 * is run as a whole process, as its users run it; its time is from start to exit, its memory the most it ever held.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listAll } from "../../adapters/vault/listing.ts";
import { s3Vault } from "../../adapters/vault-s3.ts";

export type Ran = { readonly ms: number; readonly peakMiB: number };
export type Program = {
  readonly name: string;
  readonly store: string;
  init(): Promise<Ran>;
  backup(tree: string): Promise<Ran>;
  restore(target: string): Promise<Ran>;
  verify(): Promise<Ran>;
};

const root = join(import.meta.dirname, "..", "..");
const VAULT = join(root, "cli", "vault.mjs");
const PASSPHRASE = "bench";
const POLL_MS = 15;
const RUN_MS_MAX = 900_000;
const STDERR_CHARACTERS_MAX = 2_000;

export function ours(folder: string): Program {
  const store = join(folder, "ours");
  const passphraseFile = join(folder, "passphrase");
  mkdirSync(folder, { recursive: true });
  writeFileSync(passphraseFile, PASSPHRASE, { mode: 0o600 });
  const vault = (...args: string[]) => run([process.execPath, VAULT, ...args, "--vault", store, "--passphrase-file", passphraseFile]);
  return {
    name: "ours",
    store,
    init: () => vault("init"),
    backup: (tree) => vault("backup", tree),
    restore: (target) => vault("restore", target),
    verify: () => vault("verify"),
  };
}

export function restic(folder: string): Program {
  const store = join(folder, "restic");
  const environment = { RESTIC_PASSWORD: PASSPHRASE, RESTIC_CACHE_DIR: join(folder, "restic-cache"), RESTIC_REPOSITORY: store };
  const call = (...args: string[]) => run(["restic", ...args, "-q"], environment);
  return {
    name: "restic",
    store,
    init: () => call("init"),
    backup: (tree) => call("backup", tree),
    restore: (target) => call("restore", "latest", "--target", target),
    verify: () => call("check", "--read-data"),
  };
}

export type BucketPlace = { readonly endpoint: string; readonly bucket: string };
export type BucketProgram = Program & { storedBytes(): Promise<number> };
const S3_ENVIRONMENT = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1", AWS_DEFAULT_REGION: "us-east-1" };

export function oursIn(folder: string, { endpoint, bucket }: BucketPlace): BucketProgram {
  const passphraseFile = join(folder, "passphrase");
  mkdirSync(folder, { recursive: true });
  writeFileSync(passphraseFile, PASSPHRASE, { mode: 0o600 });
  const where = ["--vault", `s3://${bucket}`, "--endpoint", endpoint, "--passphrase-file", passphraseFile];
  const vault = (...args: string[]) => run([process.execPath, VAULT, ...args, ...where], S3_ENVIRONMENT);
  return {
    name: "ours",
    store: bucket,
    init: () => vault("init"),
    backup: (tree) => vault("backup", tree),
    restore: (target) => vault("restore", target),
    verify: () => vault("verify"),
    storedBytes: () => bytesIn(endpoint, bucket),
  };
}

export function resticIn(folder: string, { endpoint, bucket }: BucketPlace): BucketProgram {
  const environment = {
    ...S3_ENVIRONMENT,
    RESTIC_PASSWORD: PASSPHRASE,
    RESTIC_CACHE_DIR: join(folder, "restic-cache"),
    RESTIC_REPOSITORY: `s3:${endpoint}/${bucket}`,
  };
  const call = (...args: string[]) => run(["restic", ...args, "-q"], environment);
  return {
    name: "restic",
    store: bucket,
    init: () => call("init"),
    backup: (tree) => call("backup", tree),
    restore: (target) => call("restore", "latest", "--target", target),
    verify: () => call("check", "--read-data"),
    storedBytes: () => bytesIn(endpoint, bucket),
  };
}

async function bytesIn(endpoint: string, bucket: string): Promise<number> {
  const store = s3Vault({ bucket, endpoint, region: "us-east-1", credentials: async () => ({ accessKeyId: "test", secretAccessKey: "test" }) });
  let bytes = 0;
  for await (const { sizeBytes } of listAll(store, "")) bytes += sizeBytes;
  store.close();
  return bytes;
}

export function borg(folder: string): Program {
  const store = join(folder, "borg");
  const environment = { BORG_PASSPHRASE: PASSPHRASE, BORG_BASE_DIR: join(folder, "borg-base"), BORG_REPO: store };
  let backups = 0;
  return {
    name: "borg",
    store,
    init: () => run(["borg", "init", "-e", "repokey-blake2"], environment),
    backup: (tree) => {
      backups += 1;
      return run(["borg", "create", `::${backups}`, tree], environment);
    },
    restore: (target) => {
      mkdirSync(target, { recursive: true });
      return run(["borg", "extract", `::${backups}`], environment, target);
    },
    verify: () => run(["borg", "check", "--verify-data"], environment),
  };
}

/** Bytes of all files below. */
export function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

export function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Rejects with what the program wrote when it fails or takes longer than 15 minutes. */
function run(command: readonly string[], environment: Readonly<Record<string, string>> = {}, folder = root): Promise<Ran> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const from = performance.now();
    const child = spawn(program, args, {
      cwd: folder,
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/nonexistent", ...environment },
      stdio: ["ignore", "ignore", "pipe"],
      timeout: RUN_MS_MAX,
    });
    let said = "";
    let peakMiB = 0;
    child.stderr.on("data", (part: Buffer) => {
      said = (said + part.toString("utf8")).slice(-STDERR_CHARACTERS_MAX);
    });
    // The kernel keeps the high-water mark itself, so the last look before the end is the peak.
    const poll = setInterval(() => {
      peakMiB = Math.max(peakMiB, highWaterMiB(child.pid));
    }, POLL_MS);
    child.on("error", (error) => {
      clearInterval(poll);
      reject(error);
    });
    child.on("close", (code) => {
      clearInterval(poll);
      if (code === 0) resolve({ ms: performance.now() - from, peakMiB });
      else reject(new Error(`${command.join(" ")} ended with ${code}: ${said}`));
    });
  });
}

function highWaterMiB(pid: number | undefined): number {
  try {
    const [, kilobytes = "0"] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) / 1_024;
  } catch {
    // It has ended between two looks.
    return 0;
  }
}
