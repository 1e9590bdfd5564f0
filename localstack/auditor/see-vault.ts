/** What lies in the buckets, read by S3's API alone; and what a node says of blocks. */
import { createHash } from "node:crypto";
import { GetObjectCommand, NoSuchBucket, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import { CREDENTIALS } from "../deploy/cdk.ts";
import type { SeenManifest, SeenVault } from "./backup-laws.ts";

const Named = z.array(z.object({ writer: z.string(), name: z.string(), sizeBytes: z.int() }));
/** As far as an auditor cares. */
const Payload = z.object({
  source: z.string(),
  sequence: z.int(),
  parent: z.string().nullable(),
  chain: z.object({ height: z.int(), blockHash: z.string() }).nullable(),
  packs: Named,
  indexes: Named,
});
const Stored = z.object({ payload: z.string() });

export async function seeVault(endpoint: string, buckets: ReadonlyMap<string, string>): Promise<SeenVault> {
  const manifests: SeenManifest[] = [];
  const objects = new Map<string, ReadonlyMap<string, number>>();
  for (const [region, bucket] of buckets) {
    const s3 = new S3Client({ endpoint, region, credentials: CREDENTIALS, forcePathStyle: true });
    try {
      const sizes = new Map<string, number>();
      for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket }))
        for (const { Key, Size } of page.Contents ?? []) if (Key !== undefined && Size !== undefined) sizes.set(Key, Size);
      objects.set(region, sizes);
      for (const key of sizes.keys()) if (key.startsWith("manifests/")) manifests.push(...(await seeManifest(s3, { bucket, region, key })));
    } catch (error) {
      if (!(error instanceof NoSuchBucket)) throw error;
    } finally {
      s3.destroy();
    }
  }
  return { manifests, objects };
}

/** One that is damaged is no manifest; where it is so in every Region, a backup is gone. */
async function seeManifest(s3: S3Client, { bucket, region, key }: { bucket: string; region: string; key: string }): Promise<SeenManifest[]> {
  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
  const parsed = parse(bytes);
  if (parsed === null) return [];
  const { source, sequence, parent, chain, packs, indexes } = parsed;
  const names = [
    ...packs.map(({ writer, name, sizeBytes }) => ({ key: `packs/${writer}/${name.slice(0, 2)}/${name}`, sizeBytes })),
    ...indexes.map(({ writer, name, sizeBytes }) => ({ key: `indexes/${writer}/${name}`, sizeBytes })),
  ];
  const point = chain === null ? null : { height: chain.height, hash: chain.blockHash };
  return [{ region, key, digest: createHash("sha256").update(bytes).digest("hex"), source, sequence, parent, point, names }];
}

function parse(bytes: Buffer): z.infer<typeof Payload> | null {
  try {
    const { payload } = Stored.parse(JSON.parse(bytes.toString("utf8")));
    return Payload.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
  } catch {
    return null;
  }
}
