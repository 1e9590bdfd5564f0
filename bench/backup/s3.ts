/**
 * A bucket to compare programs on, with a door before it that counts what each asks of S3. The emulator answers both at the same cost,
 * so times are compared with each other and with nothing else.
 */
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CREDENTIALS } from "../../localstack/deploy/cdk.ts";

export type Counted = { readonly puts: number; readonly gets: number; readonly lists: number; readonly others: number };
export type CountingDoor = { readonly endpoint: string; take(): Counted; close(): Promise<void> };

const HOST = "127.0.0.1";

export async function makeBucket(endpoint: string, bucket: string): Promise<void> {
  const s3 = new S3Client({ endpoint, region: "us-east-1", credentials: CREDENTIALS, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: bucket })).finally(() => s3.destroy());
}

export async function countingDoor(endpoint: string): Promise<CountingDoor> {
  const { port } = new URL(endpoint);
  let counted = { puts: 0, gets: 0, lists: 0, others: 0 };
  const server: Server = createServer((incoming, outgoing) => {
    counted[kindOf(incoming.method ?? "", incoming.url ?? "")] += 1;
    const onward = request({ host: HOST, port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((listening) => server.listen(0, HOST, listening));
  return {
    endpoint: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = counted;
      counted = { puts: 0, gets: 0, lists: 0, others: 0 };
      return taken;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}

/** S3 bills a listing as a PUT, a HEAD as a GET, and a DELETE not at all. */
function kindOf(method: string, url: string): keyof Counted {
  if (method === "PUT" || method === "POST") return "puts";
  if (method === "GET" && /[?&](list-type|prefix|delimiter|max-keys|location|versioning)/.test(url)) return "lists";
  return method === "GET" || method === "HEAD" ? "gets" : "others";
}
