/**
 * A vault in a bucket. A put names `If-None-Match: *`, so that S3 itself lets one writer win; the bucket's policy refuses any
 * other. S3 checks what arrived against our SHA-256 before it says that it is stored; what is read whole is checked again.
 *
 * A writer whose answer was lost is told by S3's repetition that the object exists. Each put therefore leaves a random mark with
 * its object, and finds its own there: it was the winner. A range is not checked by S3: the vault's format seals what it reads.
 */
import { createHash, randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { VaultObjectTooLarge } from "../core/kernel/errors.ts";
import type { GetOptions, VaultObject, VaultStore } from "../core/kernel/ports.ts";
import { refuseKey, refuseLimit } from "../core/kernel/vault-keys.ts";
import { CALL_MS, type CurrentCredentials, limitedCalls, openClient, said, wasRepeated } from "./vault-s3-calls.ts";

/** How often S3 may say that others write this very key just now, before the caller is told to come back later. */
const CONFLICTS_MAX = 5;
const CONFLICT_PAUSE_MS = 50;
/** S3 may end a page early, even an empty one; it names a thousand keys a page otherwise. */
const PAGES_MAX = 64;
const MARK = "synnergy-put";

const WRITTEN = { kind: "written" } as const;
const EXISTS = { kind: "exists" } as const;

export type S3VaultOptions = {
  readonly bucket: string;
  readonly region?: string;
  /** Else what the SDK finds in AWS_ENDPOINT_URL. */
  readonly endpoint?: string;
  readonly callMs?: number;
  /** Else what the SDK finds in its environment. */
  readonly credentials?: CurrentCredentials;
};

/** Throws nothing by itself: the bucket is met by the first call. */
export function s3Vault({ bucket, region, endpoint, credentials, callMs = CALL_MS }: S3VaultOptions): VaultStore & { close(): void } {
  const client = openClient({ region, endpoint, credentials });
  const name = `s3://${bucket}`;
  const { call } = limitedCalls(name, callMs);
  return {
    name,
    place: bucket,
    close: () => client.destroy(),
    put: async (key, bytes, options) => {
      refuseKey(key);
      return await call(`store ${key}`, options?.signal, (signal) => store(client, { bucket, key, bytes }, signal));
    },
    get: async (key, options) => {
      refuseKey(key);
      return await call(`give ${key}`, options.signal, (signal) => read(client, { bucket, key, vault: name }, options, signal));
    },
    list: async (prefix, { after, limit, signal: asked }) => {
      refuseLimit(limit);
      return await call(`list ${prefix}`, asked, (signal) => list(client, { bucket, prefix, after, limit }, signal));
    },
    extendLock: async (key, untilMs) => {
      refuseKey(key);
      await call(`extend the lock of ${key}`, undefined, (abortSignal) => extendLock(client, { bucket, key }, untilMs, abortSignal));
    },
    remove: async (key) => {
      refuseKey(key);
      await call(`remove ${key}`, undefined, (abortSignal) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal }));
    },
  };
}

/** In the mode that the version has; one that was stored before the bucket locked anything has none, and is given governance. */
async function extendLock(client: S3Client, { bucket, key }: Place, untilMs: number, abortSignal: AbortSignal): Promise<void> {
  const at = { Bucket: bucket, Key: key };
  const held = await client.send(new GetObjectRetentionCommand(at), { abortSignal }).catch((error: unknown) => {
    if (said(error, "NoSuchObjectLockConfiguration")) return { Retention: undefined };
    throw error;
  });
  const { Mode = "GOVERNANCE", RetainUntilDate } = held.Retention ?? {};
  if (RetainUntilDate !== undefined && RetainUntilDate.getTime() >= untilMs) return;
  await client.send(new PutObjectRetentionCommand({ ...at, Retention: { Mode, RetainUntilDate: new Date(untilMs) } }), { abortSignal });
}

type Place = { readonly bucket: string; readonly key: string };

async function store(client: S3Client, { bucket, key, bytes }: Place & { bytes: Uint8Array }, abortSignal: AbortSignal) {
  const mark = randomUUID();
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: bytes,
    ContentLength: bytes.length,
    ChecksumSHA256: createHash("sha256").update(bytes).digest("base64"),
    IfNoneMatch: "*",
    Metadata: { [MARK]: mark },
  });
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      await client.send(command, { abortSignal });
      return WRITTEN;
    } catch (error) {
      if (said(error, "PreconditionFailed"))
        return (conflicts > 0 || wasRepeated(error)) && (await isMarked(client, { bucket, key }, mark, abortSignal)) ? WRITTEN : EXISTS;
      if (!said(error, "ConditionalRequestConflict") || conflicts === CONFLICTS_MAX) throw error;
      /** Of those that collided, each waits another time: as many as there were conflicts, and a share by chance. */
      await setTimeout(CONFLICT_PAUSE_MS * (conflicts + Math.random()), undefined, { signal: abortSignal });
    }
  }
}

async function isMarked(client: S3Client, { bucket, key }: Place, mark: string, abortSignal: AbortSignal): Promise<boolean> {
  const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal });
  return Metadata?.[MARK] === mark;
}

async function read(
  client: S3Client,
  { bucket, key, vault }: Place & { vault: string },
  { bytesMax, range }: GetOptions,
  abortSignal: AbortSignal,
): Promise<{ kind: "found"; bytes: Buffer } | { kind: "absent" }> {
  /** HTTP knows no empty range: one byte is asked for, to learn whether there is an object, and none is handed on. */
  const isEmpty = range?.length === 0;
  const command = new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(range === undefined ? { ChecksumMode: "ENABLED" as const } : { Range: rangeHeader(range.offset, Math.max(range.length, 1)) }),
  });
  let reply: GetObjectCommandOutput;
  try {
    reply = await client.send(command, { abortSignal });
  } catch (error) {
    if (said(error, "NoSuchKey")) return { kind: "absent" };
    if (said(error, "InvalidRange")) return { kind: "found", bytes: Buffer.alloc(0) };
    throw error;
  }
  const { Body: body, ContentLength: sizeBytes } = reply;
  if (body === undefined || sizeBytes === undefined) throw new Error("S3 answered without a body or its length");
  if (isEmpty || sizeBytes > bytesMax) {
    if ("destroy" in body) body.destroy();
    if (isEmpty) return { kind: "found", bytes: Buffer.alloc(0) };
    throw new VaultObjectTooLarge({ vault, key, sizeBytes, bytesMax });
  }
  const bytes = await body.transformToByteArray();
  if (bytes.length !== sizeBytes) throw new Error(`S3 promised ${sizeBytes} bytes and gave ${bytes.length}`);
  return { kind: "found", bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

function rangeHeader(offset: number, length: number): string {
  const last = offset + length - 1;
  return `bytes=${offset}-${Number.isSafeInteger(last) ? last : ""}`;
}

type Asked = { readonly bucket: string; readonly prefix: string; readonly after: string | undefined; readonly limit: number };

async function list(client: S3Client, { bucket, prefix, after, limit }: Asked, abortSignal: AbortSignal): Promise<VaultObject[]> {
  const found: VaultObject[] = [];
  let next: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const command: ListObjectsV2Command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      MaxKeys: limit - found.length,
      ...(next === undefined ? { StartAfter: after } : { ContinuationToken: next }),
    });
    const reply: ListObjectsV2CommandOutput = await client.send(command, { abortSignal });
    for (const { Key, Size, LastModified } of reply.Contents ?? []) {
      if (Key === undefined || Size === undefined || LastModified === undefined) throw new Error("S3 listed an object without key, size or time");
      found.push({ key: Key, sizeBytes: Size, modifiedMs: LastModified.getTime() });
    }
    next = reply.NextContinuationToken;
    if (next === undefined || found.length >= limit) return found;
  }
  throw new Error(`${PAGES_MAX} pages held fewer than ${limit} keys, and there are more`);
}
