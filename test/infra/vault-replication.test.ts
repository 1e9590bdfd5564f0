/** The vault's copies: every object goes to every copy, no deletion does, nothing more is allowed for it, and a gap is heard. */
import type { Stack } from "aws-cdk-lib";
import { beforeAll, describe, expect, it } from "vitest";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { EXAMPLES, list, only, type Resource, resourcesOf, roleStatements, type Synthesis, synthesize, type Template } from "./synthesis.ts";

type Rule = {
  Id: string;
  Priority: number;
  Status: string;
  Filter: unknown;
  DeleteMarkerReplication: unknown;
  SourceSelectionCriteria: unknown;
  Destination: { Bucket: unknown; EncryptionConfiguration: { ReplicaKmsKeyID: unknown }; Metrics: unknown; ReplicationTime: unknown };
};
type Alarm = { AlarmName: string; MetricName: string; Threshold: number; Dimensions: { Name: string; Value: unknown }[] };
type Pattern = { detail: { alarmName: (string | { prefix: string })[] } };

const ACCOUNT = { Ref: "AWS::AccountId" };
const ENABLED = { Status: "Enabled" };
const named = (template: Template, type: string): Resource[] => resourcesOf(template, type).map(([, resource]) => resource);

describe.each(EXAMPLES)("the copies of the vault of $name", ({ file }) => {
  let aws: Synthesis;
  let home: string;
  let replicas: readonly string[];
  beforeAll(async () => {
    aws = await synthesize(file);
    const places = vaultPlaces(aws.fleet);
    home = places?.home ?? "none";
    replicas = places?.replicas ?? [];
  });
  const join = (...parts: unknown[]) => ({ "Fn::Join": ["", parts] });
  const bucketArn = (region: string, below = "") => join(`arn:aws:s3:::synnergy-${aws.fleet.fleet}-vault-`, ACCOUNT, `-${region}${below}`);
  const template = (region: string): Template => aws.vaults.get(region) ?? { Resources: {} };
  const replication = (region: string) =>
    only(resourcesOf(template(region), "AWS::S3::Bucket")).Properties.ReplicationConfiguration as { Rules: Rule[] } | undefined;

  it("are made of every object, from the home alone, in minutes that S3 answers for, and under the copy's own key", () => {
    for (const replica of replicas) expect(replication(replica)).toBeUndefined();
    const rules = replication(home)?.Rules ?? [];
    expect(rules.map(({ Id }) => Id)).toEqual(replicas.map((replica) => `to-${replica}`));
    expect(new Set(rules.map(({ Priority }) => Priority)).size).toBe(replicas.length);
    rules.forEach((rule, index) => {
      const replica = replicas[index] ?? "";
      expect(rule).toMatchObject({ Status: "Enabled", Filter: { Prefix: "" }, SourceSelectionCriteria: { SseKmsEncryptedObjects: ENABLED } });
      expect(rule.Destination).toEqual({
        Bucket: bucketArn(replica),
        EncryptionConfiguration: { ReplicaKmsKeyID: join(`arn:aws:kms:${replica}:`, ACCOUNT, `:alias/synnergy-${aws.fleet.fleet}-vault`) },
        Metrics: { ...ENABLED, EventThreshold: { Minutes: 15 } },
        ReplicationTime: { ...ENABLED, Time: { Minutes: 15 } },
      });
      const [alias] = named(template(replica), "AWS::KMS::Alias");
      expect(alias?.Properties.AliasName).toBe(`alias/synnergy-${aws.fleet.fleet}-vault`);
    });
  });

  it("are not deleted with the original", () => {
    for (const { DeleteMarkerReplication } of replication(home)?.Rules ?? []) expect(DeleteMarkerReplication).toEqual({ Status: "Disabled" });
    const allowed = roleStatements(template(home)).flatMap(({ statement }) => list(statement.Action));
    expect(allowed.filter((action) => /Delete|Bypass|s3:Put|ObjectOwner|\*/.test(action))).toEqual([]);
  });

  it("are allowed to S3 by exactly what it needs: reading versions with their locks, writing replicas, one key here and one there", () => {
    const statements = roleStatements(template(home)).map(({ statement }) => statement);
    const what = statements.map(({ Action, Resource }) => `${list(Action).toSorted().join(" ")} on ${JSON.stringify(Resource)}`);
    const keysIn = (region: string) => join(`arn:aws:kms:${region}:`, ACCOUNT, ":key/*");
    const ownKey = resourcesOf(template(home), "AWS::KMS::Key")[0]?.[0];
    const reads = "s3:GetObjectLegalHold s3:GetObjectRetention s3:GetObjectVersionAcl s3:GetObjectVersionForReplication s3:GetObjectVersionTagging";
    const expected = [
      ["s3:GetReplicationConfiguration s3:ListBucket", bucketArn(home)],
      [reads, bucketArn(home, "/*")],
      ["kms:Decrypt", { "Fn::GetAtt": [ownKey, "Arn"] }],
      ...replicas.map((replica) => ["kms:Encrypt kms:GenerateDataKey", keysIn(replica)]),
    ].map(([actions, on]) => `${actions} on ${JSON.stringify(on)}`);
    const writes = statements.filter(({ Action }) => list(Action).includes("s3:ReplicateObject"));
    expect(writes.flatMap(({ Action }) => list(Action)).filter((action) => !["s3:ReplicateObject", "s3:ReplicateTags"].includes(action))).toEqual([]);
    expect(writes.flatMap(({ Resource }) => (Array.isArray(Resource) ? Resource : [Resource]))).toEqual(
      replicas.map((replica) => bucketArn(replica, "/*")),
    );
    expect(what.filter((each) => !each.startsWith("s3:ReplicateObject")).toSorted()).toEqual(expected.toSorted());
    for (const { Action, Condition } of statements.filter(({ Action }) => list(Action).some((action) => action.startsWith("kms:")))) {
      expect(Object.keys(Condition?.StringEquals ?? {})).toEqual(["kms:ViaService"]);
      expect(JSON.stringify(Condition?.StringLike)).toContain("kms:EncryptionContext:aws:s3:arn");
      if (!list(Action).includes("kms:Decrypt"))
        expect(Condition?.["ForAnyValue:StringEquals"]).toEqual({ "kms:ResourceAliases": `alias/synnergy-${aws.fleet.fleet}-vault` });
    }
    for (const replica of replicas)
      expect(
        roleStatements(template(replica))
          .flatMap(({ statement }) => list(statement.Action))
          .filter((action) => action !== "events:PutEvents"),
      ).toEqual([]);
  });

  it("leave what could not be copied in a queue that only this bucket's events enter", () => {
    const { NotificationConfiguration } = only(resourcesOf(template(home), "AWS::S3::Bucket")).Properties as {
      NotificationConfiguration: { QueueConfigurations: { Event: string }[] };
    };
    const events = ["OperationFailedReplication", "OperationMissedThreshold", "OperationNotTracked"].map((word) => `s3:Replication:${word}`);
    expect(NotificationConfiguration.QueueConfigurations.map(({ Event }) => Event).toSorted()).toEqual(events);
    const policy = JSON.stringify(only(resourcesOf(template(home), "AWS::SQS::QueuePolicy")).Properties);
    expect(policy).toContain(JSON.stringify({ ArnEquals: { "aws:SourceArn": bucketArn(home) }, StringEquals: { "aws:SourceAccount": ACCOUNT } }));
  });

  it("come before their home, which S3 would refuse to replicate to nowhere", () => {
    const stackOf = (region: string) => aws.app.node.findChild(`synnergy-${aws.fleet.fleet}-${region}-vault`) as Stack;
    expect(
      stackOf(home)
        .dependencies.map(({ stackName }) => stackName)
        .toSorted(),
    ).toEqual(replicas.map((replica) => stackOf(replica).stackName).toSorted());
    for (const replica of replicas) expect(stackOf(replica).dependencies).toEqual([]);
  });

  it("are missed aloud: each failure at home, each lateness where the copy is, and each alarm by watchers, near or at home", () => {
    const alarmsIn = (region: string) => named(template(region), "AWS::CloudWatch::Alarm").map(({ Properties }) => Properties as unknown as Alarm);
    const heardIn = (from: Template | undefined) =>
      resourcesOf(from ?? { Resources: {} }, "AWS::Events::Rule").flatMap(
        ([, { Properties }]) => (Properties.EventPattern as Pattern | undefined)?.detail?.alarmName ?? [],
      );
    expect(alarmsIn(home).map(({ MetricName }) => MetricName)).toEqual(replicas.map(() => "OperationsFailedReplication"));
    for (const replica of replicas) {
      const [late, ...others] = alarmsIn(replica);
      expect(others).toEqual([]);
      expect(late).toMatchObject({ MetricName: "ReplicationLatency", Threshold: 900 });
      const dimensions = Object.fromEntries(late?.Dimensions.map(({ Name, Value }) => [Name, Value]) ?? []);
      expect(dimensions.RuleId).toBe(`to-${replica}`);
      expect(JSON.stringify([dimensions.SourceBucket, dimensions.DestinationBucket])).toMatch(new RegExp(`-${home}".*-${replica}"`));
      const watches = aws.templates.has(replica);
      expect(heardIn(aws.templates.get(watches ? replica : home))).toContain(late?.AlarmName);
      expect(heardIn(template(replica))).toEqual(watches ? [] : [late?.AlarmName]);
    }
    for (const { AlarmName } of alarmsIn(home)) expect(heardIn(aws.templates.get(home))).toContain(AlarmName);
  });
});
