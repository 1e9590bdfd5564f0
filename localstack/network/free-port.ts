/** Loopback ports: the preferred one where it is free, so that addresses stay the same from start to start, else any. */
import { createServer } from "node:net";

export const LOOPBACK = "127.0.0.1";

/**
 * Hands out `first`, `first + 1`, …; a port that somebody else holds is replaced by one that the system chooses. None twice,
 * though a port that is not used yet looks free to the system.
 */
export function portAllotment(first?: number, onTaken: (port: number) => void = () => {}): () => Promise<number> {
  const given = new Set<number>();
  let next = first;
  return async () => {
    const preferred = next ?? 0;
    if (next !== undefined) next += 1;
    let port = await freePort(preferred).catch(() => {
      onTaken(preferred);
      return freePort(0);
    });
    while (given.has(port)) port = await freePort(0);
    given.add(port);
    return port;
  };
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
