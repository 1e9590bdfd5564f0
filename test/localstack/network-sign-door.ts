/**
 * Stands in for an agent where only its sign door matters: `node network-sign-door.ts <port>` says no until `POST /hold
 * {fromSlot, throughSlot}`, then yes to each slot of the range once, in order, as an agent's watermark has it.
 */
import { createServer } from "node:http";

const port = Number(process.argv[2]);
let range = { fromSlot: 0, throughSlot: -1 };
let watermark = -1;

createServer(async (request, response) => {
  let text = "";
  for await (const part of request) text += part;
  const body = JSON.parse(text);
  const { slot } = body;
  let answer: unknown = { kind: "held" };
  if (request.url === "/hold") range = body;
  else if (slot >= range.fromSlot && slot <= range.throughSlot && slot > watermark) {
    watermark = slot;
    answer = { kind: "yes", slot, epoch: 1 };
  } else answer = { kind: "no", slot, reason: "not granted" };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
}).listen(port, "127.0.0.1");
