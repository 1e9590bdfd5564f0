/** How a backup is asked for: one queue a Region, which takes that request alone, and hands each over once, a few at a time. */
import { beforeAll, describe, expect, it } from "vitest";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { BACKUP_FUNCTIONS } from "../../infra/modules/backup.ts";
import { NETWORK } from "./fleets.ts";
import { ACCOUNT, inFull } from "./iam.ts";
import { list, only, type Resource, resourcesOf, type Statement, type Synthesis, synthesize, type Template } from "./synthesis.ts";

type Rule = { EventPattern?: unknown; EventBusName?: unknown; ScheduleExpression?: string; Targets: { Arn: unknown; Input?: string }[] };
/** SQS and Lambda ask for this many of the function's time limits. */
const LIMITS_HIDDEN = 6;

let synthesis: Synthesis;
beforeAll(async () => {
  synthesis = await synthesize(NETWORK);
});
const regions = () => [...synthesis.templates];
const queueIn = (template: Template, id: "Requests" | "Refused"): [string, Resource] => {
  const found = resourcesOf(template, "AWS::SQS::Queue").filter(([name]) => name.startsWith(`Backups${id}`));
  return [found[0]?.[0] ?? "none", only(found)];
};
const rulesIn = (template: Template) => resourcesOf(template, "AWS::Events::Rule").map(([id, { Properties }]) => ({ id, rule: Properties as Rule }));
const arnOf = (id: string) => ({ "Fn::GetAtt": [id, "Arn"] });

describe("the queue of requests", () => {
  it("and the one of what was refused are encrypted, taken over TLS alone, and stay when the stack goes", () => {
    for (const [, template] of regions()) {
      for (const id of ["Requests", "Refused"] as const) {
        const [name, queue] = queueIn(template, id);
        expect(queue).toMatchObject({ DeletionPolicy: "Retain", Properties: { SqsManagedSseEnabled: true } });
        const policy = only(
          resourcesOf(template, "AWS::SQS::QueuePolicy").filter(([, { Properties }]) => JSON.stringify(Properties.Queues) === `[{"Ref":"${name}"}]`),
        );
        const { Statement: statements } = policy.Properties.PolicyDocument as { Statement: Statement[] };
        expect(statements).toContainEqual(
          expect.objectContaining({
            Effect: "Deny",
            Action: "sqs:*",
            Condition: { Bool: { "aws:SecureTransport": "false" } },
            Principal: { AWS: "*" },
          }),
        );
        /** Besides the denial: only the bus may send, by the one rule; into the other, SQS itself alone. */
        const allowed = statements.filter(({ Effect }) => Effect === "Allow");
        expect(
          allowed.flatMap(({ Action }) => list(Action)).filter((action) => !/^sqs:(SendMessage|GetQueueAttributes|GetQueueUrl)$/.test(action)),
        ).toEqual([]);
        expect(allowed.map(({ Principal }) => Principal)).toEqual(id === "Requests" ? [{ Service: "events.amazonaws.com" }] : []);
        const [rule] = rulesIn(template).filter(({ id: each }) => each.startsWith("BackupsRequested"));
        for (const { Condition } of allowed) expect(Condition).toEqual({ ArnEquals: { "aws:SourceArn": arnOf(rule?.id ?? "none") } });
      }
    }
  });

  it("hides a message for six of its function's time limits, and lays it aside after the fifth refusal, for longer than it waits", () => {
    const timeoutS = BACKUP_FUNCTIONS.find(({ name }) => name === "start-backup")?.timeoutS ?? Number.POSITIVE_INFINITY;
    for (const [, template] of regions()) {
      const [, { Properties }] = queueIn(template, "Requests");
      const [refused, { Properties: aside }] = queueIn(template, "Refused");
      expect(Properties.VisibilityTimeout).toBeGreaterThanOrEqual(LIMITS_HIDDEN * timeoutS);
      expect(Properties.RedrivePolicy).toEqual({ deadLetterTargetArn: arnOf(refused), maxReceiveCount: 5 });
      expect(aside.MessageRetentionPeriod).toBe(14 * 86_400);
      /** Five receives must fit into what it waits, or it is gone before it is laid aside. */
      expect(Properties.MessageRetentionPeriod).toBeGreaterThan(5 * (Properties.VisibilityTimeout as number));
    }
  });

  it("is filled by requests of this fleet and by nothing else, and what cannot be put there waits for a person", () => {
    for (const [, template] of regions()) {
      const [queue] = queueIn(template, "Requests");
      const into = rulesIn(template).filter(({ rule }) => rule.Targets.some(({ Arn }) => JSON.stringify(Arn) === JSON.stringify(arnOf(queue))));
      expect(into.map(({ rule }) => rule.EventPattern)).toEqual([
        { "detail-type": ["backup.requested"], detail: { fleet: [synthesis.fleet.fleet] } },
      ]);
      for (const { rule } of into) {
        expect(JSON.stringify(rule.EventBusName)).toContain("Bus");
        expect(rule.Targets).toEqual([
          expect.objectContaining({ InputPath: "$.detail", DeadLetterConfig: expect.anything(), RetryPolicy: { MaximumEventAgeInSeconds: 3_600 } }),
        ]);
      }
    }
  });

  it("is read by start-backup alone, one message at a time and two at once", () => {
    for (const [, template] of regions()) {
      const { Properties } = only(resourcesOf(template, "AWS::Lambda::EventSourceMapping"));
      expect(Properties).toMatchObject({
        EventSourceArn: arnOf(queueIn(template, "Requests")[0]),
        BatchSize: 1,
        ScalingConfig: { MaximumConcurrency: 2 },
        FunctionName: { Ref: expect.stringMatching(/^StartBackupFunction/) },
      });
    }
  });
});

describe("the clock", () => {
  it("sweeps each Region in that Region, and measures, audits and drills in the vault's home alone", () => {
    const home = vaultPlaces(synthesis.fleet)?.home;
    const days = synthesis.fleet.vault?.backups?.drill?.everyDays ?? 0;
    for (const [region, template] of regions()) {
      const started = rulesIn(template).flatMap(({ rule }) =>
        rule.ScheduleExpression === undefined
          ? []
          : rule.Targets.map(({ Arn }) => `${rule.ScheduleExpression} ${inFull(Arn)}`.replace(/[0-9A-F]{8}(\.Arn)?$/, "")),
      );
      const atHome = [
        "rate(1 minute) MeasureBackupsFunction",
        "rate(15 minutes) AuditReplicasFunction",
        `rate(${days} days) BackupsRestoreDrillStateMachine`,
      ];
      const always = ["rate(1 minute) WatchFleetFunction", "rate(1 minute) ForeseeFunction", "rate(1 hour) ArchiveVitalsFunction"];
      const groups = (synthesis.fleet.scaling?.groups ?? []).map(() => "rate(1 minute) ScaleStateMachine");
      const training = region === synthesis.fleet.regions.home ? ["rate(1 day) TrainModelFunction"] : [];
      const expected = [...always, ...groups, ...training, "rate(12 hours) SweepVaultFunction", ...(region === home ? atHome : [])];
      expect(started.toSorted()).toEqual(expected.toSorted());
    }
  });

  it("tells a drill which fleet it is for and who started it, in words that a step takes", () => {
    const template = synthesis.templates.get(vaultPlaces(synthesis.fleet)?.home ?? "") as Template;
    const [drill] = rulesIn(template).filter(({ id }) => id.startsWith("BackupsDrill"));
    expect(JSON.stringify(drill?.rule.Targets)).toContain(`{\\"fleet\\":\\"${synthesis.fleet.fleet}\\",\\"by\\":\\"schedule\\"`);
  });
});

it("a function of the vault is told whose account it is in, and no other is", () => {
  for (const [, template] of regions()) {
    for (const [id, { Properties }] of resourcesOf(template, "AWS::Lambda::Function")) {
      const { Variables } = inFull(Properties.Environment) as { Variables: Record<string, string> };
      const declared = BACKUP_FUNCTIONS.find(({ name }) => Properties.FunctionName === `synnergy-${synthesis.fleet.fleet}-${name}`);
      expect(Variables.SYNNERGY_VAULT_ACCOUNT, id).toBe(declared?.vault === undefined ? undefined : ACCOUNT);
      expect(Variables.SYNNERGY_VAULT_AGENT_ROLE !== undefined, id).toBe(declared?.vault?.includes("gives-access") ?? false);
      expect(/^BackupsBackupStateMachine/.test(Variables.SYNNERGY_STATE_MACHINE ?? ""), id).toBe(declared?.starts === "backup");
    }
  }
});
