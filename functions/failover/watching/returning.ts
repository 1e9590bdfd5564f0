/**
 * Nodes that come back. One whose agent still acts for a role that has moved on is told to give it up: its hook is run, then
 * the epoch is refused for ever, which is also the mark that it was told. One that was put out and has proven itself is
 * counted on again.
 */
import { outdatedRole, readmit } from "../../../core/failover/monitoring-system/readmission.ts";
import { verdictAgeMaxMs } from "../../../core/failover/monitoring-system/rules.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { RoleName } from "../../../core/kernel/ids.ts";
import type { Standing } from "../../../core/kernel/records.ts";
import { freshReport, instantOf, isDue, launch, type Watcher } from "./watcher.ts";

/** Nobody waits for it: a node that comes back as a standby takes minutes to resynchronise anyway. */
const LOOK_EVERY_CADENCES = 5;
/** A hook that failed is tried again, not hammered. */
const DEMOTE_AGAIN_MS = 15_000;
/** The operator's hook has its own limit at the agent; this is above its default. */
const DEMOTE_TIMEOUT_MS = 30_000;
const FENCE_TIMEOUT_MS = 5_000;
/** As many as a fleet may have nodes. */
const STANDINGS_MAX = 500;

export function watchReturning(watcher: Watcher): void {
  for (const node of watcher.shard.nodes) {
    const heard = freshReport(watcher, node.id);
    const outdated = heard && outdatedRole(node.id, heard.report.roles, trustedLeases(watcher));
    if (outdated && isDue(watcher, `demoting ${node.id}`, DEMOTE_AGAIN_MS)) {
      launch(watcher, `demoting ${node.id}`, () => demote(watcher, node, outdated));
    }
  }
  if (isDue(watcher, "standings", LOOK_EVERY_CADENCES * watcher.rules.cadenceMs)) launch(watcher, "readmitting nodes", () => readmitNodes(watcher));
}

function trustedLeases(watcher: Watcher) {
  return [...watcher.leases.values()].flatMap(({ lease }) => (lease && lease.registry === watcher.world.registry.name ? [lease] : []));
}

async function demote(watcher: Watcher, node: FleetNode, outdated: { role: RoleName; epoch: number }): Promise<void> {
  const { agents, log } = watcher.world;
  const { role, epoch } = outdated;
  // Each command spends a nonce, so each is preceded by a report of its own.
  const demoted = await withNonce(watcher, node, (nonce) =>
    agents.call(node, { kind: "demote", nonce, role, epoch }, { timeoutMs: DEMOTE_TIMEOUT_MS }),
  );
  const fenced =
    demoted?.kind === "answered"
      ? await withNonce(watcher, node, (nonce) =>
          agents.call(node, { kind: "fence", nonce, role, epoch, after: "now" }, { timeoutMs: FENCE_TIMEOUT_MS }),
        )
      : demoted;
  const done = fenced?.kind === "answered";
  const why = fenced === undefined ? "its agent was not heard" : fenced.kind === "answered" ? "" : fenced.reason;
  log.decision({
    module: "failover",
    subject: node.id,
    kind: done ? "demoted" : "demotion-failed",
    reason: done ? `it held ${role} in epoch ${epoch}, which has moved on` : why,
    role,
    epoch,
  });
}

async function withNonce<T>(
  watcher: Watcher,
  node: FleetNode,
  send: (nonce: string) => Promise<T>,
): Promise<T | { kind: "unreachable"; reason: string }> {
  const asked = await watcher.world.agents.call<"report">(node, { kind: "report", probe: [] }, { timeoutMs: watcher.rules.probeTimeoutMs });
  return asked.kind === "answered" ? send(asked.reply.report.nonce) : { kind: "unreachable", reason: asked.reason };
}

async function readmitNodes(watcher: Watcher): Promise<void> {
  const { registry } = watcher.world;
  for (const { key, value, revision } of await registry.list("standing", { limit: STANDINGS_MAX })) {
    if (value.standing !== "member" && watcher.verdicts.has(key)) await considerReadmission(watcher, value, revision);
  }
}

async function considerReadmission(watcher: Watcher, standing: Standing, revision: number): Promise<void> {
  const { registry, bus, log } = watcher.world;
  const own = watcher.verdicts.get(standing.node);
  if (!own) return;
  const { wallMs } = instantOf(watcher);
  const listed = own.kind === "healthy" ? await registry.list("verdict", { prefix: `${standing.node}/`, limit: 8 }) : [];
  const fresh = listed
    .map(({ value }) => value)
    .filter(({ atMs, observer }) => observer !== own.observer && wallMs - atMs <= verdictAgeMaxMs(watcher.rules));
  const agentRoles = freshReport(watcher, standing.node)?.report.roles ?? null;
  const facts = { standing, own, others: fresh, agentRoles, leases: trustedLeases(watcher), rules: watcher.rules, nowWallMs: wallMs };
  const { kind, reason } = readmit(facts);
  if (kind !== "readmit") return;
  const next: Standing = { ...standing, standing: "member", sinceMs: Math.trunc(wallMs), incident: null, reason };
  const written = await registry.write("standing", standing.node, next, revision);
  // The other Region was faster: it has told of it, too.
  if (written.kind === "conflict") return;
  log.decision({ module: "failover", subject: standing.node, kind: "readmitted", reason });
  await bus.publish("failover.node-readmitted", { node: standing.node, reason });
}
