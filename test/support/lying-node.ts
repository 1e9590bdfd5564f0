/** A door before a real node that passes each question on and may change the answer: one lie at a time, of a test's choosing. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Question = { readonly id: number; readonly method: string; readonly params: readonly unknown[] };
export type Reply = { readonly id: number; readonly result?: unknown; readonly error?: { readonly code: number; readonly message: string } };
/** It may take its time over it. */
export type Lie = (question: Question, reply: Reply) => Reply | Promise<Reply>;

export type LyingNode = {
  readonly url: string;
  readonly asked: Question[];
  /** Most requests that were open at once. */
  most(): number;
  lie(next: Lie): void;
  close(): Promise<void>;
};

type Change = (question: Question, reply: Reply) => Reply;

export const honest: Change = (_question, reply) => reply;

/** Changes the results of one method, as copies. */
export function lieOf(method: string, change: (result: never, question: Question) => unknown): Change {
  return (question, reply) => (question.method === method ? { ...reply, result: change(structuredClone(reply.result) as never, question) } : reply);
}

export async function startLyingNode(url: string): Promise<LyingNode> {
  let lie: Lie = honest;
  let [open, most] = [0, 0];
  const asked: Question[] = [];
  const server = createServer(async (request, response) => {
    open += 1;
    most = Math.max(most, open);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    const questions = JSON.parse(body) as Question[];
    asked.push(...questions);
    const passed = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    const replies = (await passed.json()) as Reply[];
    const answers = await Promise.all(
      questions.map(async (question) => lie(question, replies.find(({ id }) => id === question.id) ?? { id: question.id })),
    );
    open -= 1;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answers));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    most: () => most,
    lie(next) {
      lie = next;
      most = 0;
      asked.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
