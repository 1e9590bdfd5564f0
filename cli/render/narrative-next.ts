/** What is left to do after, or during, an incident: commands that can be pasted, the first one first. */
import type { Incident } from "../../core/kernel/incident.ts";
import { span } from "./time.ts";

export function nextSteps(incident: Incident, nowMs: number): string[] {
  const { role, id, status, from, to, kind } = incident;
  const target = to === null ? "" : ` --to ${to}`;
  if (kind === "alarm") return alarmSteps(incident);
  switch (status) {
    case "awaiting-approval":
      return approvalSteps(incident, nowMs);
    case "open":
      return nowMs > incident.ownerDeadlineMs
        ? [
            `Nobody has worked on it for ${span(nowMs - incident.ownerDeadlineMs)}. The watchers start it again by themselves within a minute or so.`,
            `If they do not: \`ha failover ${role}${target}\` takes it up where it stopped, and \`ha status\` says whether anybody watches.`,
          ]
        : [`It is being worked on. \`ha incident ${id}\` again shows how far it is; \`ha events --follow\` as it happens.`];
    case "resolved":
      return resolvedSteps(incident);
    case "recorded":
      return [
        `Nothing was moved, since the role's mode is ${incident.mode}.`,
        `To move it now: \`ha failover ${role}${target}\`.`,
        `To let it move by itself next time: \`ha mode ${role} auto\`, or \`approve\` to be asked.`,
      ];
    case "rejected":
    case "expired":
      return [
        `${status === "rejected" ? "It was rejected" : "Nobody decided in time"}, and nothing was moved. To move it after all: \`ha failover ${role}${target}\`.`,
        "If the fault lasts, it is reported again as a new incident.",
      ];
    case "withdrawn":
      return [`Nothing is left to do. \`ha nodes\` shows how ${from ?? "the node"} is now.`];
    case "escalated":
      return [
        "A person must act; automation has stopped here.",
        `1. \`ha status\` and \`ha nodes\`: who is healthy, who holds ${role}, who watches?`,
        `2. The last lines above say what did not work. "An incident was escalated" in docs/operations.md says what to do about each.`,
        `3. \`ha failover ${role}${target}\` tries again with the same protection: no slot can be signed by two, whatever you choose.`,
      ];
  }
}

function approvalSteps({ approval, role, id, to }: Incident, nowMs: number): string[] {
  const left = approval === null ? 0 : approval.expiresAtMs - nowMs;
  const until = left > 0 ? `It waits for you for ${span(left)} more.` : "The time to decide is over; it ends by itself as expired.";
  return [until, `To move ${role}${to === null ? "" : ` to ${to}`}: \`ha approve ${id}\`. To leave it where it is: \`ha reject ${id}\`.`];
}

function resolvedSteps({ role, from, kind, outcome, burned }: Incident): string[] {
  const moved = from !== null && outcome !== null && from !== outcome.holder;
  if (kind === "switchover" || kind === "establish" || !moved) {
    return [`Nothing is left to do.${moved ? ` To go back: \`ha switchover ${role} --to ${from}\`.` : ""}`, ...burnedSteps(burned)];
  }
  return [
    `${role} is safe. Find out why ${from} failed: its logs, and \`ha nodes\` for what is seen of it now.`,
    `When it runs again it is refused its old role, resynchronised and re-admitted as a standby by itself.`,
    `To go back then, without a fault: \`ha switchover ${role} --to ${from}\`.`,
    ...burnedSteps(burned),
  ];
}

const burnedSteps = (burned: readonly string[]): string[] =>
  burned.length === 0
    ? []
    : [`${burned.join(", ")} took the role and did not sign: look at its validator and its agent's hooks before you rely on it again.`];

function alarmSteps({ role, status }: Incident): string[] {
  const over = status === "resolved" || status === "withdrawn";
  if (over) return ["Nothing is left to do."];
  return [
    "It was opened by an alarm, and nothing was moved for it.",
    `\`ha status\` says what is wrong with ${role} and who watches; docs/operations.md has a page for each alarm.`,
  ];
}
