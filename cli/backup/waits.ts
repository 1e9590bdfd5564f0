/** How long commands of `ha backup` stay, and how often they look. */
export const POLL_MS = 500;
/** From a request on the bus to a run in the registry: a queue, a cold start, and an execution's start. */
export const BEGIN_MS = 60_000;
export const WAIT_SECONDS = 3_600;
