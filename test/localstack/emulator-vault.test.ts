/**
 * The vault of the rehearsal, deployed onto the emulator: it holds there what the stacks promise of it on AWS, as far as the
 * emulator goes, and is gone without a trace when its stacks are. Beside it, and held to the same, is each Region's history.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketReplicationCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFleet } from "../../adapters/fleet-yaml.ts";
import { readHistory } from "../../adapters/history/read-history.ts";
import { s3Vault } from "../../adapters/vault-s3.ts";
import { RegionName } from "../../core/kernel/ids.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import { pad } from "../../core/kernel/records.ts";
import { signalsOf } from "../../core/kernel/signals.ts";
import { rowAt } from "../../core/prediction/signal-history/history.ts";
import { periodAt } from "../../core/prediction/signal-history/history-period.ts";
import { ACCOUNT, CREDENTIALS } from "../../localstack/deploy/cdk.ts";
import { type Deployed, type DeployOptions, deployStacks, destroyStacks } from "../../localstack/deploy/deploy-stacks.ts";
import { removeStacks } from "../../localstack/deploy/remove-stacks.ts";
import { freePort } from "../../localstack/emulator/port.ts";
import { startEmulator } from "../../localstack/emulator/start-emulator.ts";
import { openProcesses, type Processes } from "../../localstack/processes/open-processes.ts";
import { openRegistry } from "../../localstack/rehearsal/rehearsal-registry.ts";
import { vitalsAt } from "../support/prediction-world.ts";

const HOME = "us-east-1";
const COPY = "us-west-2";
const STRANGER = "somebody-elses-bucket";
const { vaultBucket, vaultStack, historyBucket } = resourceNames("rehearsal");

describe("the rehearsal's vault", () => {
  let folder: string;
  let processes: Processes;
  let options: DeployOptions;
  let deployed: Deployed;
  const closers: (() => void)[] = [];
  const root = resolve(import.meta.dirname, "../..");

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "synnergy-vault-test-"));
    processes = await openProcesses({ folder });
    const { endpoint } = await startEmulator({ processes, root, folder: join(folder, "emulator"), port: await freePort() });
    options = {
      processes,
      root,
      endpoint,
      folder: join(folder, "deploy"),
      fleetFile: join(root, "examples", "rehearsal.fleet.yaml"),
      regions: { [HOME]: endpoint, [COPY]: endpoint },
    };
    deployed = await deployStacks(options);
  }, 400_000);

  afterAll(async () => {
    for (const close of closers) close();
    await processes.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const s3 = (region = HOME): S3Client => {
    const client = new S3Client({ endpoint: options.endpoint, region, credentials: CREDENTIALS, forcePathStyle: true });
    closers.push(() => client.destroy());
    return client;
  };
  const vault = (region: string) => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey });
    const store = s3Vault({ bucket: vaultBucket(ACCOUNT, region), region, endpoint: options.endpoint });
    closers.push(store.close);
    return store;
  };
  const bucketNames = async () => ((await s3().send(new ListBucketsCommand({}))).Buckets ?? []).map(({ Name = "" }) => Name);

  test("is complete: everything that the emulator's CloudFormation forgot of its buckets was put back", () => {
    const of = (region: string) =>
      deployed.putBack.applied.filter((label) => label.startsWith(`${vaultStack(region)}/`)).map((label) => label.split(" ").at(-1));
    /** A new bucket has one owner anyway, on AWS as here; it is compared all the same. */
    const everywhere = ["object-lock", "lock-retention", "encryption", "lifecycle"];
    expect(of(COPY), "the emulator's CloudFormation keeps these by itself now: take them off the list").toEqual(everywhere);
    expect(of(HOME)).toEqual([...everywhere, "replication"]);
    /** By a key of S3's own every new bucket is encrypted anyway, on AWS as here; it is compared all the same. */
    const ofHistory = deployed.putBack.applied.filter((label) => label.includes("/PredictionHistory"));
    expect(ofHistory.map((label) => label.split(" ").at(-1))).toEqual(["lifecycle", "lifecycle"]);
    expect(deployed.outputs[vaultStack(HOME)]?.VaultBucket).toBe(vaultBucket(ACCOUNT, HOME));
  });

  test("copies an object to the other Region, and its deletion not", async () => {
    const object = Buffer.from("a pack of chunks");
    expect(await vault(HOME).put("pack/00/one", object)).toEqual({ kind: "written" });
    const found = { kind: "found", bytes: object };
    await expect.poll(() => vault(COPY).get("pack/00/one", { bytesMax: 100 }), { timeout: 5_000 }).toEqual(found);
    await vault(HOME).remove("pack/00/one");
    expect(await vault(HOME).get("pack/00/one", { bytesMax: 100 })).toEqual({ kind: "absent" });
    expect(await vault(COPY).get("pack/00/one", { bytesMax: 100 })).toEqual(found);
  });

  const deletesVersion = async (region: string, Prefix: string): Promise<boolean> => {
    const Bucket = vaultBucket(ACCOUNT, region);
    const { Versions: [{ Key, VersionId } = {}] = [] } = await s3(region).send(new ListObjectVersionsCommand({ Bucket, Prefix }));
    expect(Key).toBe(Prefix);
    return await s3(region)
      .send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
      .then(
        () => true,
        (error: unknown) => {
          if (error instanceof S3ServiceException && error.name === "AccessDenied") return false;
          throw error;
        },
      );
  };

  test.each([HOME, COPY])("keeps a version that was put in %s from being deleted before its lock ends", async (region) => {
    await vault(region).put(`lock/in-${region}`, Buffer.from("locked"));
    expect(await deletesVersion(region, `lock/in-${region}`)).toBe(false);
  });

  test("keeps a replica from being deleted before its lock ends, where the emulator locks replicas", async (context) => {
    await vault(HOME).put("lock/replica", Buffer.from("locked"));
    await expect.poll(async () => (await vault(COPY).list("lock/replica", { limit: 1 })).length, { timeout: 5_000 }).toBe(1);
    const deleted = await deletesVersion(COPY, "lock/replica");
    context.skip(deleted, "this emulator gives a replica neither its original's lock nor the bucket's");
    expect(deleted).toBe(false);
  });

  test("refuses a put without If-None-Match, where the emulator enforces a bucket's policy", async (context) => {
    const put = new PutObjectCommand({ Bucket: vaultBucket(ACCOUNT, HOME), Key: "unconditional", Body: "x" });
    const refused = await s3()
      .send(put)
      .then(
        () => false,
        (error: unknown) => error instanceof S3ServiceException && error.name === "AccessDenied",
      );
    context.skip(!refused, "this emulator keeps a bucket's policy and does not enforce it on the account's own calls");
    expect(refused).toBe(true);
  });

  test("stands beside a history that the deployed function fills once from what the vitals table has, in its own Region", async () => {
    const store = s3Vault({ bucket: historyBucket(ACCOUNT, COPY), region: COPY, endpoint: options.endpoint });
    const registry = openRegistry({ endpoint: options.endpoint, fleet: "rehearsal", regions: [COPY], onClose: (close) => void closers.push(close) });
    closers.push(store.close);
    const lastHour = periodAt("hour", Date.now() - 2 * 3_600_000);
    const atMs = lastHour.fromMs + 5_000;
    const reading = await readFleet(options.fleetFile);
    if (reading.kind === "invalid") throw new Error(reading.faults.join("\n"));
    await registry.write("vitals", `n1/${COPY}/${pad(atMs)}`, { ...vitalsAt(reading.fleet, "n1", atMs), observer: RegionName.parse(COPY) }, "any");
    const lambda = new LambdaClient({ endpoint: options.endpoint, region: COPY, credentials: CREDENTIALS });
    closers.push(() => lambda.destroy());
    const archive = async (): Promise<unknown> => {
      const { Payload } = await lambda.send(
        new InvokeCommand({ FunctionName: resourceNames("rehearsal").function("archive-vitals"), Payload: "{}" }),
      );
      return JSON.parse(new TextDecoder().decode(Payload));
    };
    expect(await archive()).toMatchObject({ decision: "archived", written: 1 });
    expect(await archive()).toMatchObject({ decision: "nothing-due", written: 0 });
    const { history, damaged } = await readHistory(store, { node: "n1", observer: COPY, ...lastHour });
    expect({ damaged, times: [...history.timesMs] }).toEqual({ damaged: [], times: [atMs] });
    expect(rowAt(history, 0).values).toEqual(signalsOf(vitalsAt(reading.fleet, "n1", atMs)));
  });

  test("is left alone by a second deploy", async () => {
    const { putBack } = await deployStacks(options);
    expect(putBack.applied).toEqual([]);
    expect(await vault(COPY).get("pack/00/one", { bytesMax: 100 })).toMatchObject({ kind: "found" });
  });

  test("is emptied and gone with its stacks, locked versions and all, and comes back empty; nobody else's bucket is touched", async () => {
    await s3().send(new CreateBucketCommand({ Bucket: STRANGER }));
    await s3().send(new PutObjectCommand({ Bucket: STRANGER, Key: "kept", Body: "x" }));
    await destroyStacks(options);
    const ours = [HOME, COPY].flatMap((region) => [vaultBucket(ACCOUNT, region), historyBucket(ACCOUNT, region)]);
    expect((await bucketNames()).filter((name) => ours.includes(name))).toEqual([]);
    expect(await bucketNames()).toContain(STRANGER);
    await deployStacks(options);
    for (const region of [HOME, COPY]) {
      const { Versions = [], DeleteMarkers = [] } = await s3(region).send(new ListObjectVersionsCommand({ Bucket: vaultBucket(ACCOUNT, region) }));
      expect([...Versions, ...DeleteMarkers]).toEqual([]);
    }
    await vault(HOME).put("pack/00/two", Buffer.from("again"));
    const stacks = [HOME, COPY].map((region) => ({ name: vaultStack(region), region }));
    expect(await removeStacks(options.endpoint, stacks)).toEqual(stacks.map(({ name }) => name));
    expect((await bucketNames()).filter((name) => ours.includes(name) && name.includes("-vault-"))).toEqual([]);
    const kept = await s3().send(new ListObjectVersionsCommand({ Bucket: STRANGER }));
    expect(kept.Versions?.map(({ Key }) => Key)).toEqual(["kept"]);
    await expect(s3().send(new GetBucketReplicationCommand({ Bucket: vaultBucket(ACCOUNT, HOME) }))).rejects.toThrow();
  }, 200_000);
});
