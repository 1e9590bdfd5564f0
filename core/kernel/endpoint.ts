/** Which of a node's addresses an observer uses. Apart from the fleet's shape, so that asking a node loads no parser. */
import type { Endpoint } from "./fleet.ts";

/** Undefined where the fleet file gives the Region none. */
export function endpointFor(endpoint: Endpoint, region: string): string | undefined {
  if (typeof endpoint === "string") return endpoint;
  return endpoint[region] ?? endpoint.default;
}
