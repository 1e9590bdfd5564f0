/** The bucket where a fleet's models lie, on the emulator: a model is put there as train-model would, and hurt as a disk would. */
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import { ACCOUNT, CREDENTIALS } from "../deploy/cdk.ts";

export function modelBucket({ endpoint, fleet }: { endpoint: string; fleet: Fleet }) {
  const region = fleet.regions.home;
  const Bucket = resourceNames(fleet.fleet).historyBucket(ACCOUNT, region);

  async function within<T>(work: (s3: S3Client) => Promise<T>): Promise<T> {
    const s3 = new S3Client({ endpoint, region, credentials: CREDENTIALS, forcePathStyle: true });
    try {
      return await work(s3);
    } finally {
      s3.destroy();
    }
  }

  return {
    async put(Key: string, file: string): Promise<void> {
      await within(async (s3) => await s3.send(new PutObjectCommand({ Bucket, Key, Body: file, IfNoneMatch: "*" })));
    },
    /** A byte in the middle, as no write of ours could. */
    async corrupt(Key: string): Promise<void> {
      await within(async (s3) => {
        const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
        const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
        const middle = bytes.length >> 1;
        bytes.writeUInt8(bytes.readUInt8(middle) ^ 0x01, middle);
        await s3.send(new PutObjectCommand({ Bucket, Key, Body: bytes }));
      });
    },
  };
}
