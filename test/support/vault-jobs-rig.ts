/**
 * What an agent's vault jobs need of the world: a bucket and a key in an emulator, a door before them that can hold requests back, a
 * directory, hooks that write down that they ran, and orders as the control plane gives them.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { expect } from "vitest";
import { openPlace } from "../../adapters/fleet-vault.ts";
import { sealTo } from "../../adapters/sealed-box.ts";
import { openOrMakeFleetKeyring } from "../../adapters/vault/fleet-keyring.ts";
import type { OpenVault } from "../../adapters/vault/keyrings.ts";
import type { Hook } from "../../agent/config-parts.ts";
import type { FleetVault } from "../../core/kernel/ports.ts";
import { ACCESS_CONTEXT, JobId, type JobView, type JobWork, VaultPlace } from "../../core/kernel/vault-job.ts";
import { agentRig, FLEET, must, type Rig } from "./agent-rig.ts";
import { laterClock } from "./vault.ts";

/** On a machine that is busy with everything else. */
export const SOON = { timeout: 30_000, interval: 50 };
let buckets = 0;

export async function newPlace(endpoint: string): Promise<VaultPlace> {
  buckets += 1;
  const region = "us-east-1";
  const [s3, kms] = [new S3Client({ endpoint, region, forcePathStyle: true }), new KMSClient({ endpoint, region })];
  const bucket = `synnergy-jobs-${buckets}`;
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  for (const client of [s3, kms]) client.destroy();
  return VaultPlace.parse({ region, bucket, keyId: KeyMetadata?.KeyId, endpoint });
}

export async function makeKeyring(place: VaultPlace): Promise<OpenVault> {
  const { store, wrapper, close } = openPlace(place, FLEET);
  const vault: Pick<FleetVault, "places" | "store" | "wrapper"> = { places: [place], store: () => store, wrapper: () => wrapper };
  return await openOrMakeFleetKeyring(vault, {
    clock: laterClock,
    entropy: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
  }).finally(close);
}

/** Before an emulator: keeps back what `holds` says, until it is let through. */
export async function holdingDoor(endpoint: string) {
  let holds = (_method: string, _url: string): boolean => false;
  let kept: (() => void)[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    const pass = (): void => {
      const onward = request(endpoint + url, { method, headers }, (reply) => reply.pipe(outgoing.writeHead(reply.statusCode ?? 500, reply.headers)));
      onward.on("error", () => incoming.socket.destroy());
      incoming.on("error", () => onward.destroy());
      incoming.pipe(onward);
    };
    if (holds(method, url)) kept.push(pass);
    else pass();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold(next: typeof holds) {
      holds = next;
    },
    kept: () => kept.length,
    open() {
      holds = () => false;
      for (const pass of kept) pass();
      kept = [];
    },
    close: () =>
      new Promise<void>((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

/** Writes its name and the directory that it is told of into `file`; then reads `pipe` to its end, where one is given. */
export function writingHook(file: string, { pipe, code = 0 }: { pipe?: string; code?: number } = {}): Hook {
  const waits = pipe === undefined ? "" : `cat "${pipe}" >/dev/null; `;
  const script = `echo "$SYNNERGY_HOOK $SYNNERGY_FLEET $SYNNERGY_NODE $SYNNERGY_DIRECTORY$SYNNERGY_SCRATCH" >> "${file}"; ${waits}exit ${code}`;
  return { command: ["/bin/sh", "-c", script], timeoutMs: 20_000 };
}
export const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);
export function newPipe(path: string): string {
  execFileSync("mkfifo", [path]);
  return path;
}

export type JobsPlaces = { readonly folder: string; readonly directory: string; readonly scratch: string; readonly hooks: string };

/** An agent beside a directory; `vaultOf` makes its configuration's `vault` from the places on the disk. */
export async function jobsRig(rpc: string, vaultOf: (at: JobsPlaces) => Record<string, unknown>) {
  const folder = mkdtempSync(join(tmpdir(), "synnergy-jobs-"));
  const at = { folder, directory: join(folder, "directory"), scratch: join(folder, "scratch"), hooks: join(folder, "hooks") };
  mkdirSync(at.directory);
  writeFileSync(join(at.directory, "state"), "some state");
  const rig = await agentRig({ rpc, vault: { threads: 1, ...vaultOf(at) } });
  return { ...rig, ...at, store: rig.config.store, end: async () => rig.end().finally(() => rmSync(folder, { recursive: true, force: true })) };
}

export const jobNamed = (name: string): JobId => JobId.parse(`job-of-${name}`);
export const backupWork = (facts: Partial<Extract<JobWork, { kind: "backup" }>> = {}): JobWork => ({
  kind: "backup",
  newestKnown: 0,
  verified: [],
  signers: [],
  fullReread: false,
  finality: { kind: "depth", blocks: 1 },
  genesisHash: `0x${"00".repeat(32)}`,
  network: null,
  client: "anvil",
  ...facts,
});

/** As the control plane speaks to the agent about jobs. */
export function jobsOf({ control }: Pick<Rig, "control">, place: VaultPlace) {
  const look = async (): Promise<JobView> => must(await control.call<"look-at-job">({ kind: "look-at-job" })).view;
  const nonce = async () => (await control.report()).nonce;
  const sealedFor = (boxKey: string) => {
    const credentials = { accessKeyId: "test", secretAccessKey: "test", sessionToken: null };
    const access = { credentials, expiresAtMs: Date.now() + 3_600_000, places: [place] };
    return sealTo(boxKey, Buffer.from(JSON.stringify(access), "utf8"), ACCESS_CONTEXT);
  };
  const jobs = {
    look,
    sealedFor,
    /** As soon as the job before has let the directory go. */
    async begin(job: JobId, work: JobWork): Promise<void> {
      await expect.poll(async () => (await jobs.order(job, work)).kind, SOON).toBe("answered");
    },
    async order(job: JobId, work: JobWork, access?: ReturnType<typeof sealedFor>) {
      const { boxKey } = await look();
      return await control.call<"start-job">({ kind: "start-job", nonce: await nonce(), job, work, access: access ?? sealedFor(boxKey) });
    },
    cancel: async (job: JobId) => await control.call<"cancel-job">({ kind: "cancel-job", nonce: await nonce(), job }),
    scratch: async (kind: "boot-scratch" | "end-scratch", job: JobId) =>
      await control.call<typeof kind>({ kind, nonce: await nonce(), job }, undefined, 20_000),
    async ended(): Promise<JobView> {
      await expect.poll(async () => (await look()).state, SOON).not.toBe("running");
      return await look();
    },
  };
  return jobs;
}

/** The processes that do a job for an agent of this test. */
export function jobProcesses(): number[] {
  const listed = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  const ours = listed.filter((line) => line.includes("job-process") && Number(line.trim().split(/\s+/)[1]) === process.pid);
  return ours.map((line) => Number(line.trim().split(/\s+/)[0]));
}
