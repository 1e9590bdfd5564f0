/** A Region's history: a bucket of its own, which lets nothing be written twice and nobody in, and which three permissions reach. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsSolutionsChecks } from "cdk-nag";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { BUCKET_NAME_CHARACTERS_MAX, resourceNames } from "../../core/kernel/names.ts";
import { historyKey, periodAt } from "../../core/prediction/signal-history/history-period.ts";
import { type Denial, denials } from "./bucket-requests.ts";
import { PAIR } from "./fleets.ts";
import { ACCOUNT, allows, inFull, permissionsOf } from "./iam.ts";
import { only, resourcesOf, roleStatements, type Synthesis, synthesize, type Template } from "./synthesis.ts";

const PUT = { action: "s3:PutObject", "aws:SecureTransport": "true", "s3:TlsVersion": "1.3", "s3:ObjectCreationOperation": "true" };
const KEY = historyKey({ node: "n1", observer: "us-east-1" }, periodAt("day", 0).stamp);

const bucketIn = (template: Template) => only(resourcesOf(template, "AWS::S3::Bucket"));
const of = (template: Template, role: string) =>
  permissionsOf(roleStatements(template).flatMap(({ policy, statement }) => (policy.startsWith(role) ? [statement] : [])));

/** Where objects are written once. */
function refusedKeys(template: Template): string[] {
  const { Statement } = (
    only(resourcesOf(template, "AWS::S3::BucketPolicy")).Properties as { PolicyDocument: { Statement: Record<string, unknown>[] } }
  ).PolicyDocument;
  const refusal = Statement.find(({ Sid }) => Sid === "RefuseOverwriting");
  return JSON.stringify(refusal?.Resource).match(/(?:history|models)\/\*/g) ?? [];
}

describe("the history of a fleet", () => {
  let aws: Synthesis;
  beforeAll(async () => {
    aws = await synthesize(PAIR);
  });
  const regions = () => [...aws.templates];

  it("has a bucket in each observer's Region, named by fleet, account and Region, encrypted, and let go by day", () => {
    expect(
      regions()
        .map(([region]) => region)
        .toSorted(),
    ).toEqual([...aws.fleet.regions.observers].toSorted());
    for (const [region, template] of regions()) {
      const { Properties } = bucketIn(template);
      expect(inFull(Properties.BucketName)).toBe(`synnergy-${aws.fleet.fleet}-history-${ACCOUNT}-${region}`);
      expect(JSON.stringify(Properties.BucketEncryption)).toContain('"SSEAlgorithm":"AES256"');
      expect(Object.values(Properties.PublicAccessBlockConfiguration as object)).toEqual([true, true, true, true]);
      expect(Properties.OwnershipControls).toEqual({ Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] });
      const rules = (Properties.LifecycleConfiguration as { Rules: Record<string, unknown>[] }).Rules;
      const ending = rules.filter((rule) => Object.keys(rule).some((word) => word.startsWith("Expiration")));
      expect(ending, "a model may be live for longer than any history").toEqual([
        { Id: "let-go", Prefix: "history/", Status: "Enabled", ExpirationInDays: 400, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
      ]);
    }
  });

  it("refuses what would replace an object, and every word that is not over TLS 1.2 or later", () => {
    for (const [, template] of regions()) {
      const said = (request: Denial) => denials(template, bucketIn(template).Properties.BucketName, { ...PUT, ...request });
      expect(said({})).toEqual(["RefuseOverwriting"]);
      expect(refusedKeys(template)).toEqual(["history/*", "models/*"]);
      expect(said({ "s3:if-none-match": "*" })).toEqual([]);
      expect(said({ "s3:if-none-match": "*", "aws:SecureTransport": "false" })).toHaveLength(1);
      expect(said({ "s3:if-none-match": "*", "s3:TlsVersion": "1.1" })).toHaveLength(1);
    }
  });

  it("may be listed, read and written by the archiver, below its prefix, in its own Region, and by no other function", () => {
    for (const [region, template] of regions()) {
      const bucket = `arn:aws:s3:::${inFull(bucketIn(template).Properties.BucketName)}`;
      const archiver = of(template, "ArchiveVitalsRole");
      const on = (action: string, key = KEY) => allows(archiver, { action, resource: `${bucket}/${key}` });
      expect([on("s3:GetObject"), on("s3:PutObject"), allows(archiver, { action: "s3:ListBucket", resource: bucket })]).toEqual([true, true, true]);
      for (const action of ["s3:DeleteObject", "s3:PutObjectAcl", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration"])
        expect(on(action)).toBe(false);
      expect([on("s3:PutObject", "models/1"), on("s3:GetObject", "models/1")]).toEqual([false, false]);
      expect(archiver.filter(({ action }) => action.startsWith("kms:"))).toEqual([]);
      const reached = roleStatements(template).filter(({ statement }) => JSON.stringify(inFull(statement.Resource)).includes(bucket));
      const readers = ["ArchiveVitalsRole", "ForeseeRole", "TrainModelRole"];
      const reachedBy = [...new Set(reached.map(({ policy }) => policy.replace(/DefaultPolicy.*/, "")))];
      /** The home's bucket is where models lie, so whoever asks one reaches it. */
      expect(reachedBy.toSorted()).toEqual(region === aws.fleet.regions.home ? readers : ["ArchiveVitalsRole", "TrainModelRole"]);
      const told = resourcesOf(template, "AWS::Lambda::Function").flatMap(([name, { Properties }]) =>
        JSON.stringify(Properties.Environment).includes("SYNNERGY_HISTORY_BUCKET") ? [name.replace(/Function.*/, "")] : [],
      );
      expect(told, region).toEqual(["ArchiveVitals", "TrainModel"]);
    }
  });

  it("holds the models in the home Region: foresee reads them there from wherever it runs, train-model writes them, and neither touches more", () => {
    for (const [region, template] of regions()) {
      const home = `arn:aws:s3:::synnergy-${aws.fleet.fleet}-history-${ACCOUNT}-${aws.fleet.regions.home}`;
      const own = `arn:aws:s3:::${inFull(bucketIn(template).Properties.BucketName)}`;
      const [foresee, trainer] = [of(template, "ForeseeRole"), of(template, "TrainModelRole")];
      const may = (role: typeof foresee, action: string, resource: string) => allows(role, { action, resource });
      expect([may(foresee, "s3:GetObject", `${home}/models/v1/a.model`), may(foresee, "s3:PutObject", `${home}/models/v1/a.model`)]).toEqual([
        true,
        false,
      ]);
      expect(may(foresee, "s3:GetObject", `${home}/${KEY}`)).toBe(false);
      expect([may(trainer, "s3:GetObject", `${home}/models/v1/a.model`), may(trainer, "s3:PutObject", `${home}/models/v1/a.model`)]).toEqual([
        true,
        true,
      ]);
      expect([may(trainer, "s3:GetObject", `${own}/${KEY}`), may(trainer, "s3:PutObject", `${own}/${KEY}`)]).toEqual([true, false]);
      for (const role of [foresee, trainer]) expect(may(role, "s3:DeleteObject", `${home}/models/v1/a.model`), region).toBe(false);
    }
  });

  it("trains a model each day, and when it is asked to, in the home Region only", () => {
    for (const [region, template] of regions()) {
      const rules = resourcesOf(template, "AWS::Events::Rule").flatMap(([, { Properties }]) =>
        JSON.stringify(Properties.Targets).includes("TrainModelFunction") ? [Properties.ScheduleExpression ?? Properties.EventPattern] : [],
      );
      const asked = { "detail-type": ["prediction.training-requested"], detail: { fleet: [aws.fleet.fleet] } };
      expect(rules).toHaveLength(region === aws.fleet.regions.home ? 2 : 0);
      if (region === aws.fleet.regions.home) expect(rules).toEqual(expect.arrayContaining(["rate(1 day)", asked]));
    }
  });

  it("is written each hour, and no metric is read where the fleet file names none", () => {
    for (const [, template] of regions()) {
      const schedules = resourcesOf(template, "AWS::Events::Rule").map(
        ([, { Properties }]) => `${Properties.ScheduleExpression} ${JSON.stringify(Properties.Targets)}`,
      );
      expect(schedules.filter((rule) => rule.startsWith("rate(1 hour)") && rule.includes("ArchiveVitalsFunction"))).toHaveLength(1);
      expect(JSON.stringify(template)).not.toMatch(/ReadMetrics|GetMetricData/);
    }
  });
});

describe("a fleet that names metrics", () => {
  const folder = mkdtempSync(join(tmpdir(), "synnergy-metrics-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const withMetrics = (): string => {
    const fleet = parse(readFileSync(PAIR, "utf8")) as { nodes: { id: string; region: string }[]; policies?: object };
    const [first, second] = fleet.nodes;
    const metric = (node: string | undefined, more: object) => ({
      signal: "requests",
      node,
      namespace: "AWS/ApplicationELB",
      metric: "RequestCount",
      ...more,
    });
    const prediction = { metrics: [metric(first?.id, {}), metric(second?.id, { region: "ap-northeast-1" })] };
    const file = join(folder, "metrics.fleet.yaml");
    writeFileSync(file, JSON.stringify({ ...fleet, policies: { ...fleet.policies, prediction } }));
    return file;
  };

  it("has them read each minute in each observer's Region, in the metrics' Regions alone, by one function", async () => {
    const { fleet, templates, app } = await synthesize(withMetrics());
    const wanted = ["ap-northeast-1", fleet.nodes[0]?.region ?? ""].toSorted();
    for (const template of templates.values()) {
      const reads = roleStatements(template).filter(({ statement }) => JSON.stringify(statement.Action).includes("cloudwatch:GetMetricData"));
      expect(reads.map(({ policy }) => policy.replace(/DefaultPolicy.*/, ""))).toEqual(["ReadMetricsRole"]);
      expect(reads[0]?.statement).toMatchObject({ Resource: "*", Condition: { StringEquals: { "aws:RequestedRegion": wanted } } });
      const rules = resourcesOf(template, "AWS::Events::Rule").map(
        ([, { Properties }]) => `${Properties.ScheduleExpression} ${JSON.stringify(Properties.Targets)}`,
      );
      expect(rules.filter((rule) => rule.startsWith("rate(1 minute)") && rule.includes("ReadMetricsFunction"))).toHaveLength(1);
    }
    expect(new AwsSolutionsChecks(app, { verbose: true }).validateScope(app).violations).toEqual([]);
  });
});

describe("the name of a bucket of history", () => {
  it("fits into S3's for every fleet and Region, and is another for every other fleet", () => {
    const anyFleet = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/);
    const anyRegion = fc.constantFrom("us-east-1", "ap-southeast-2", "us-gov-west-1", "ap-northeast-1");
    fc.assert(
      fc.property(anyFleet, anyFleet, anyRegion, (one, other, region) => {
        const name = resourceNames(one).historyBucket(ACCOUNT, region);
        expect(name.length).toBeLessThanOrEqual(BUCKET_NAME_CHARACTERS_MAX);
        expect(name).toMatch(/^[a-z][a-z0-9-]+[a-z0-9]$/);
        expect(name === resourceNames(other).historyBucket(ACCOUNT, region)).toBe(one === other);
      }),
    );
    const long = (last: string) => resourceNames(`${"f".repeat(31)}${last}`).historyBucket(ACCOUNT, "ap-southeast-1");
    expect(long("a")).not.toBe(long("b"));
  });

  it("is the whole fleet's where it fits", () => {
    expect(resourceNames("synnergy-network").historyBucket(ACCOUNT, "us-west-2")).toBe(`synnergy-synnergy-network-history-${ACCOUNT}-us-west-2`);
  });
});
