/**
 * Puts a story on: waits for calm, lets it do its worst on a live rehearsal, heals, waits for calm again, and then asks the auditor, who
 * was not told the story, whether the laws held. A story fails by an expectation, by a wait that ran out, or by a law.
 */
import type { Incident } from "../../core/kernel/incident.ts";
import type { Registry } from "../../core/kernel/ports.ts";
import { BACKUP_LAWS, type BackupViolation } from "../auditor/backup-laws.ts";
import { type AuditReport, LAWS } from "../auditor/laws.ts";
import { CALM_MS_MAX, untilCalm } from "../rehearsal/calm.ts";
import { REGIONS, type Rehearsal, ROLE } from "../rehearsal/open-rehearsal.ts";
import { auditRehearsal, leaseNow } from "../rehearsal/rehearsal-auditor.ts";
import { waitFor } from "../wait-for.ts";
import { auditVault, backupHands } from "./backup-hands.ts";
import { killWatcher, startExecution, stopExecution } from "./interventions.ts";
import type { Expectation, Measure, Stage, Story } from "./story.ts";

const INCIDENTS_MAX = 100;

export type Told = {
  readonly story: string;
  readonly held: boolean;
  readonly tookMs: number;
  readonly expectations: readonly Expectation[];
  readonly measures: readonly Measure[];
  /** What the auditor of the vault found wrong. */
  readonly backupViolations: readonly BackupViolation[];
  /** Why it could not be told to its end; null where it was. */
  readonly brokenOff: string | null;
  readonly audit: AuditReport;
};

export type Say = (sinceMs: number, text: string) => void;

export async function perform(story: Story, rehearsal: Rehearsal, say: Say): Promise<Told> {
  const { registry, network } = rehearsal;
  await untilCalm(rehearsal, "before the story");
  const auditor = auditRehearsal(rehearsal, INCIDENTS_MAX);
  const expectations: Expectation[] = [];
  const measures: Measure[] = [];
  const began = performance.now();
  const beganAtMs = Date.now();
  const elapsedMs = (): number => performance.now() - began;
  const stage: Stage = {
    registry,
    regions: REGIONS,
    home: REGIONS[0],
    elapsedMs,
    say: (text) => say(elapsedMs(), text),
    async fault(kind, target, seconds) {
      await network.fault(kind, target, seconds);
      say(elapsedMs(), `fault: ${kind}${target === undefined ? "" : ` ${target}`}`);
    },
    lease: () => leaseNow(registry),
    incidents: () => incidentsSince(registry, beganAtMs),
    async tip() {
      const tip = auditor.tip();
      if (tip === null) return { signer: "nobody", slot: -1, height: 0, seenAtMs: 0 };
      return { signer: tip.node ?? "nobody", slot: tip.slot, height: tip.height, seenAtMs: tip.seenAtMs };
    },
    order: (input) => startExecution(rehearsal, { fleet: rehearsal.fleet.fleet, role: ROLE, ...input }),
    stopExecution: (execution) => stopExecution(rehearsal, execution),
    until: (what, withinMs, look) => waitFor(what, withinMs, look),
    expect(sentence, held, found) {
      expectations.push({ sentence, held, found });
      say(elapsedMs(), `${held ? "held" : "BROKEN"}: ${sentence} (${found})`);
    },
    measure(name, value, unit) {
      measures.push({ name, value: Math.round(value), unit });
      say(elapsedMs(), `measured: ${name}: ${Math.round(value)} ${unit}`);
    },
    killWatcher: (region) => killWatcher(rehearsal, region),
    ...backupHands(rehearsal),
  };
  const vaultBefore = await stage.seeVault();
  let brokenOff: string | null = null;
  try {
    await waitFor("the auditor to see a block", CALM_MS_MAX, async () => auditor.tip() !== null);
    await story.run(stage);
    await network.fault("heal");
    await untilCalm(rehearsal, "after the story");
  } catch (error) {
    brokenOff = error instanceof Error ? error.message : String(error);
    say(elapsedMs(), `BROKEN OFF: ${brokenOff}`);
    await network.fault("heal");
  }
  const audit = await auditor.report({ reorganisationBlocksMax: story.reorganisationBlocksMax, final: brokenOff === null });
  await auditor.close();
  const backupViolations = await auditVault(rehearsal, vaultBefore);
  for (const { law, text } of backupViolations) say(elapsedMs(), `LAW BROKEN: ${BACKUP_LAWS[law]}: ${text}`);
  for (const { law, text } of audit.violations) say(elapsedMs(), `LAW BROKEN: ${LAWS[law]}: ${text}`);
  const held = brokenOff === null && audit.violations.length === 0 && backupViolations.length === 0 && expectations.every((one) => one.held);
  return { story: story.name, held, tookMs: Math.round(elapsedMs()), expectations, measures, backupViolations, brokenOff, audit };
}

async function incidentsSince(registry: Registry, fromMs: number): Promise<Incident[]> {
  const newest = await registry.list("incident", { limit: INCIDENTS_MAX, newestFirst: true });
  const own = newest.map(({ value }) => value).filter(({ role, openedAtMs }) => role === ROLE && openedAtMs >= fromMs);
  return own.toSorted((a, b) => a.openedAtMs - b.openedAtMs);
}
