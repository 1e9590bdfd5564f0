/** Stories follow each other faster than faults do: no cooldown, a budget for all of them, and a flap forgotten in seconds. */
export const STORY_POLICIES = {
  failover: { perHourMax: 150, cooldownSeconds: 0, flapHalfLifeSeconds: 5 },
} as const;
