/**
 * What can happen to a vault's buckets, made on the emulator's: a Region's bucket gone with all that was in it, replication standing still,
 * bytes that changed where they lie. `heal` gives a lost bucket back empty, as an operator would deploy it anew; what was in it comes
 * back by the audit, from the other Regions.
 */
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketReplicationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  NotFound,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { applyDropped } from "../deploy/apply-dropped.ts";
import type { SynthesizedStack } from "../deploy/assembly.ts";
import { ACCOUNT, CREDENTIALS } from "../deploy/cdk.ts";
import { emptyBuckets } from "../deploy/empty-buckets.ts";

export type VaultFaults = ReturnType<typeof vaultFaults>;

export function vaultFaults({ endpoint, fleet, stacks }: { endpoint: string; fleet: Fleet; stacks: readonly SynthesizedStack[] }) {
  const places = vaultPlaces(fleet);
  const names = resourceNames(fleet.fleet);
  const regions: string[] = places === null ? [] : [places.home, ...places.replicas];
  const bucket = (region: string): string => names.vaultBucket(ACCOUNT, region);
  const own = stacks.filter(({ name }) => regions.some((region) => name === names.vaultStack(region)));

  async function within<T>(region: string, work: (s3: S3Client) => Promise<T>): Promise<T> {
    const s3 = new S3Client({ endpoint, region, credentials: CREDENTIALS, forcePathStyle: true });
    try {
      return await work(s3);
    } finally {
      s3.destroy();
    }
  }

  const exists = (region: string): Promise<boolean> =>
    within(region, (s3) =>
      s3.send(new HeadBucketCommand({ Bucket: bucket(region) })).then(
        () => true,
        (error: unknown) => {
          if (error instanceof NotFound) return false;
          throw error;
        },
      ),
    );

  return {
    async lose(region: string): Promise<string> {
      if (!(await exists(region))) return `${bucket(region)} is gone already`;
      // A backup may write meanwhile: what it wrote goes as well.
      for (let attempt = 1; await exists(region); attempt += 1) {
        await emptyBuckets(endpoint, { name: names.vaultStack(region), region });
        await within(region, (s3) => s3.send(new DeleteBucketCommand({ Bucket: bucket(region) }))).catch((error: unknown) => {
          if (attempt === 5) throw error;
        });
      }
      return `${bucket(region)} is gone with all that was in it`;
    },

    async stallReplication(): Promise<string> {
      const home = places?.home ?? "";
      await within(home, (s3) => s3.send(new DeleteBucketReplicationCommand({ Bucket: bucket(home) })));
      return `nothing is copied from ${bucket(home)} any more`;
    },

    /** A byte in the middle of an object, as a disk would change it: no write of ours could. Done twice it is as it was. */
    async corrupt(region: string, key: string): Promise<void> {
      await within(region, async (s3) => {
        const got = await s3.send(new GetObjectCommand({ Bucket: bucket(region), Key: key }));
        const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
        const middle = bytes.length >> 1;
        bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle);
        await s3.send(new PutObjectCommand({ Bucket: bucket(region), Key: key, Body: bytes }));
      });
    },

    /** What lies under each key, put under the other: packs exchanged, a manifest rolled back. Done twice it is as it was. */
    async exchange(region: string, one: string, other: string): Promise<void> {
      await within(region, async (s3) => {
        const read = async (Key: string): Promise<Buffer> => {
          const got = await s3.send(new GetObjectCommand({ Bucket: bucket(region), Key }));
          return Buffer.from((await got.Body?.transformToByteArray()) ?? []);
        };
        const [left, right] = [await read(one), await read(other)];
        await s3.send(new PutObjectCommand({ Bucket: bucket(region), Key: other, Body: left }));
        await s3.send(new PutObjectCommand({ Bucket: bucket(region), Key: one, Body: right }));
      });
    },

    async heal(): Promise<string> {
      const lost: string[] = [];
      for (const region of regions) {
        if (await exists(region)) continue;
        lost.push(region);
        await within(region, (s3) => s3.send(new CreateBucketCommand({ Bucket: bucket(region), ObjectLockEnabledForBucket: true })));
      }
      const { applied } = await applyDropped({ endpoint, stacks: own });
      return lost.length === 0 && applied.length === 0
        ? "the vault is as it was deployed"
        : `the vault is as it was deployed, empty in ${lost.join(", ") || "no Region"}`;
    },
  };
}
