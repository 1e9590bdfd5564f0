/** Nothing that says who holds a role is deleted, unencrypted or eventually consistent, on AWS. */
import { Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { beforeAll, describe, expect, it } from "vitest";
import { pascalCase } from "../../infra/modules/declaration.ts";
import { functionsOf } from "../../infra/modules/functions.ts";
import { EXAMPLES, list, only, resourcesOf, type Synthesis, synthesize } from "./synthesis.ts";

const everyTemplate = ({ templates, vaults }: Synthesis) => [...templates.values(), ...vaults.values()];

describe.each(EXAMPLES)("protection of $name", ({ file }) => {
  let aws: Synthesis;
  let rehearsal: Synthesis;
  beforeAll(async () => {
    aws = await synthesize(file);
    rehearsal = await synthesize(file, { rehearsal: "true", [`endpoint:${aws.fleet.regions.home}`]: "http://127.0.0.1:9" });
  });
  const named = (synthesis: Synthesis, region: string, type: string, name: string) => {
    const template = synthesis.templates.get(region);
    return template
      ? resourcesOf(template, type).filter(([, { Properties }]) => Properties.TableName === name || Properties.FunctionName === name)
      : [];
  };

  it("keeps the registry in every observer's Region, strongly consistent, and declares it once", () => {
    const { fleet, regions } = aws.fleet;
    const registries = [...aws.templates.keys()].flatMap((region) => named(aws, region, "AWS::DynamoDB::GlobalTable", `synnergy-${fleet}-registry`));
    const table = only(registries);
    const replicas = (table.Properties.Replicas as { Region: string }[]).map((replica) => replica.Region);
    expect(replicas.toSorted()).toEqual([...regions.observers].toSorted());
    expect(table.Properties.MultiRegionConsistency).toBe(regions.observers.length > 1 ? "STRONG" : undefined);
    expect(table.Properties.GlobalTableWitnesses).toEqual(regions.witness ? [{ Region: regions.witness }] : undefined);
    expect(table.Properties.TimeToLiveSpecification).toBeUndefined();
  });

  it("can restore every table to a moment, and deletes no table, bucket or key with its stack", () => {
    for (const template of everyTemplate(aws)) {
      for (const [, table] of resourcesOf(template, "AWS::DynamoDB::GlobalTable")) {
        expect(table.DeletionPolicy).toBe("Retain");
        for (const replica of table.Properties.Replicas as Record<string, unknown>[]) {
          expect(replica.DeletionProtectionEnabled).toBe(true);
          expect(replica.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
        }
      }
      for (const type of ["AWS::KMS::Key", "AWS::S3::Bucket"]) {
        for (const [, kept] of resourcesOf(template, type)) expect(kept.DeletionPolicy).toBe("Retain");
      }
    }
  });

  it("encrypts the queue and takes it over TLS alone", () => {
    for (const template of everyTemplate(aws)) {
      for (const [, queue] of resourcesOf(template, "AWS::SQS::Queue")) expect(queue.Properties.SqsManagedSseEnabled).toBe(true);
      for (const [, policy] of resourcesOf(template, "AWS::SQS::QueuePolicy")) {
        expect(JSON.stringify(policy)).toContain('"aws:SecureTransport":"false"');
      }
    }
  });

  it("writes no execution's data into a workflow's log, where a task token would be readable", () => {
    for (const template of aws.templates.values()) {
      const machines = resourcesOf(template, "AWS::StepFunctions::StateMachine");
      expect(machines).toHaveLength(2 + (aws.fleet.vault?.backups === undefined ? 0 : 2) + (aws.fleet.scaling === undefined ? 0 : 1));
      for (const [, { Properties }] of machines) {
        expect(Properties.LoggingConfiguration).toMatchObject({ IncludeExecutionData: false, Level: "ALL" });
        expect(Properties.TracingConfiguration).toEqual({ Enabled: true });
      }
    }
  });

  it("puts into the operator's network the functions that reach nodes and agents, and no other", () => {
    for (const [region, template] of aws.templates) {
      const network = Object.entries(aws.fleet.regions.networks ?? {}).find(([name]) => name === region)?.[1];
      for (const [id, { Properties }] of resourcesOf(template, "AWS::Lambda::Function")) {
        const reaches = functionsOf(aws.fleet).some(({ name, reachesNetwork }) => reachesNetwork && id.startsWith(`${pascalCase(name)}Function`));
        expect(Properties.VpcConfig, id).toEqual(
          network && reaches ? { SubnetIds: network.subnetIds, SecurityGroupIds: network.securityGroupIds } : undefined,
        );
      }
    }
  });

  it("leaves nothing behind in a rehearsal, and gives both Regions the home's one registry", () => {
    for (const template of everyTemplate(rehearsal)) {
      const kept = Object.entries(template.Resources).filter(([, { DeletionPolicy }]) => DeletionPolicy === "Retain");
      expect(kept.map(([id]) => id)).toEqual([]);
    }
    for (const [region, template] of rehearsal.templates) {
      for (const [, { Properties }] of resourcesOf(template, "AWS::Lambda::Function")) {
        const variables = (Properties.Environment as { Variables: Record<string, string> }).Variables;
        expect(variables.SYNNERGY_REGISTRY_REGION).toBe(rehearsal.fleet.regions.home);
        expect(variables.AWS_ENDPOINT_URL).toBe(region === rehearsal.fleet.regions.home ? "http://127.0.0.1:9" : undefined);
        expect(Properties.VpcConfig).toBeUndefined();
      }
    }
    expect(
      JSON.stringify(named(rehearsal, rehearsal.fleet.regions.home, "AWS::DynamoDB::GlobalTable", `synnergy-${rehearsal.fleet.fleet}-registry`)),
    ).not.toContain("STRONG");
  });

  it("declares no custom resource, which would need code of somebody else's in the account", () => {
    for (const synthesis of [aws, rehearsal]) {
      for (const template of everyTemplate(synthesis)) {
        expect(
          Object.values(template.Resources).filter(({ Type }) => Type.startsWith("Custom::") || Type === "AWS::CloudFormation::CustomResource"),
        ).toEqual([]);
      }
    }
  });

  it("passes the AwsSolutions rules, save for findings that are acknowledged one by one with a reason", () => {
    for (const { app } of [aws, rehearsal]) {
      const { violations } = new AwsSolutionsChecks(app, { verbose: true }).validateScope(app);
      expect(
        violations.map(
          ({ ruleName, violatingResources }) => `${ruleName} ${violatingResources.map(({ constructPath }) => constructPath).join(", ")}`,
        ),
      ).toEqual([]);
      const acknowledged = app.node
        .findAll()
        .flatMap((construct) =>
          construct.node.metadata
            .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
            .flatMap(({ data }) => Object.entries(data as Record<string, string>)),
        );
      expect(acknowledged.length).toBeGreaterThan(0);
      for (const [finding, reason] of acknowledged) {
        expect(finding).toMatch(/AwsSolutions-(\w+\[.+\]|S1|SQS3)$/);
        expect(list(reason).join(" ").split(" ").length, `${finding} is explained in too few words: ${reason}`).toBeGreaterThan(12);
      }
    }
  });
});
