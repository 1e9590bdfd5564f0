/**
 * Loopback ports: the preferred one where it is free, so that addresses stay the same from start to start, else any below the
 * range from which systems number outgoing connections. A port of that range is free when it is asked for and may be some
 * connection's own while a node that was killed wants it back.
 */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

export const LOOPBACK = "127.0.0.1";

/** Linux numbers outgoing connections from 32,768 on, macOS from 49,152; below 10,000 stand well-known services. */
const CHOSEN = { from: 10_000, below: 32_768 } as const;
const TRIES_MAX = 200;

/**
 * Hands out `first`, `first + 1`, …; a port that somebody else holds is replaced by a chosen one. None twice,
 * though a port that is not used yet looks free to the system.
 */
export function portAllotment(first?: number, onTaken: (port: number) => void = () => {}): () => Promise<number> {
  const given = new Set<number>();
  let next = first;
  return async () => {
    const preferred = next;
    if (next !== undefined) next += 1;
    let port =
      preferred === undefined
        ? await chosenPort()
        : await freePort(preferred).catch(() => {
            onTaken(preferred);
            return chosenPort();
          });
    while (given.has(port)) port = await chosenPort();
    given.add(port);
    return port;
  };
}

/** By chance, so that rehearsals that begin side by side do not choose alike. */
async function chosenPort(): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await freePort(randomInt(CHOSEN.from, CHOSEN.below));
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
    }
  }
}

function freePort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error(`port ${port} was opened without an address`));
        else resolve(address.port);
      });
    });
  });
}
