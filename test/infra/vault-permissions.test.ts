/** What each function may do with the vault: exactly what its declared uses need, on the fleet's own buckets, by the vault's own keys. */
import { AwsSolutionsChecks } from "cdk-nag";
import { beforeAll, describe, expect, it } from "vitest";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { type FunctionDeclaration, type HistoryUse, pascalCase, type VaultUse } from "../../infra/modules/declaration.ts";
import { functionsOf } from "../../infra/modules/functions.ts";
import { synthesizeLargest } from "./fleets.ts";
import { ACCOUNT, asText, inFull, type Permission, permissionsOf } from "./iam.ts";
import { EXAMPLES, list, resourcesOf, roleStatements, type Statement, type Synthesis, synthesize, type Template } from "./synthesis.ts";

const OF_VAULTS = /^(s3|kms|sts|sqs):/;
/** AWS counts a role's own policies together, and each managed one by itself, without white space. */
const INLINE_CHARACTERS_MAX = 10_240;
const MANAGED_CHARACTERS_MAX = 6_144;

type Owner = { readonly name: string; readonly id: string; readonly permissions: readonly Permission[] };

/** Whatever a role may do with buckets, keys, roles and queues, but for the control plane's signature. */
function ownersIn(template: Template): Owner[] {
  const roles = resourcesOf(template, "AWS::IAM::Role").map(([id]) => id);
  return roles.flatMap((id) => {
    const stem = id.replace(/[0-9A-F]{8}$/, "");
    const own = roleStatements(template).filter(({ policy }) => policy === id || new RegExp(`^${stem}(Default|Overflow)Policy`).test(policy));
    const kept = own.filter(({ statement }) => list(statement.Action).some((action) => OF_VAULTS.test(action) && action !== "kms:Sign"));
    return kept.length === 0 ? [] : [{ name: stem, id, permissions: permissionsOf(kept.map(({ statement }) => statement)) }];
  });
}

/** The permissions of a use, written down a second time, as a person would read them. */
class Expected {
  readonly fleet: string;
  readonly home: string;
  readonly regions: readonly string[];

  constructor({ fleet }: Synthesis) {
    const { home, replicas } = vaultPlaces(fleet) ?? { home: "none", replicas: [] };
    this.fleet = fleet.fleet;
    this.home = home;
    this.regions = [home, ...replicas];
  }

  /** A permission for the keys of a Region that bear the vault's alias: their ids are known there alone. */
  private key(action: string, region: string, conditions: Permission["conditions"]): Permission {
    const ours = { "ForAnyValue:StringEquals": { "kms:ResourceAliases": `alias/synnergy-${this.fleet}-vault` } };
    return { action, resource: `arn:aws:kms:${region}:${ACCOUNT}:key/*`, conditions: { ...ours, ...conditions } };
  }
  bucket(region: string): string {
    return `arn:aws:s3:::synnergy-${this.fleet}-vault-${ACCOUNT}-${region}`;
  }
  private throughBucket(action: string, region: string): Permission {
    const bucket = this.bucket(region);
    return this.key(action, region, {
      StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` },
      StringLike: { "kms:EncryptionContext:aws:s3:arn": [bucket, `${bucket}/*`] },
    });
  }
  private asLock(action: string, region: string, purpose = "synnergy-ha/vault-key"): Permission {
    const context = { "kms:EncryptionContext:purpose": purpose, "kms:EncryptionContext:fleet": this.fleet };
    return this.key(action, region, { StringEquals: context });
  }
  puts(region: string, prefixes: string): Permission[] {
    const objects = prefixes.split(" ").map((prefix) => ({ action: "s3:PutObject", resource: `${this.bucket(region)}/${prefix}/*`, conditions: {} }));
    return [...objects, this.throughBucket("kms:GenerateDataKey", region)];
  }
  history(use: HistoryUse, here: string, prefix = "history"): Permission[] {
    const bucket = `arn:aws:s3:::synnergy-${this.fleet}-history-${ACCOUNT}-${here}`;
    const onObjects = use === "writes" ? ["s3:GetObject", "s3:PutObject"] : ["s3:GetObject"];
    const objects = onObjects.map((action) => ({ action, resource: `${bucket}/${prefix}/*`, conditions: {} }));
    return [{ action: "s3:ListBucket", resource: bucket, conditions: {} }, ...objects];
  }
  of(use: VaultUse, here: string, agentRole: string): Permission[] {
    const { regions, home } = this;
    const plain = (action: string, resource: string): Permission => ({ action, resource, conditions: {} });
    switch (use) {
      case "reads":
        return regions.flatMap((region) => [
          plain("s3:ListBucket", this.bucket(region)),
          plain("s3:GetObject", `${this.bucket(region)}/*`),
          this.throughBucket("kms:Decrypt", region),
          this.asLock("kms:Decrypt", region),
        ]);
      case "makes":
        return [...regions.map((region) => this.asLock("kms:GenerateDataKey", region)), ...this.puts(home, "keyring")];
      case "proves":
        return [...new Set([home, ...regions.filter((region) => region === here)])].flatMap((region) => this.puts(region, "proofs"));
      case "repairs":
        return regions.flatMap((region) => this.puts(region, "packs indexes manifests keyring"));
      case "sweeps": {
        const removed = ["packs", "indexes", "manifests", "sweeps", "batches"];
        const locks = ["packs", "indexes", "manifests"].flatMap((prefix) =>
          ["s3:GetObjectRetention", "s3:PutObjectRetention"].map((action) => plain(action, `${this.bucket(here)}/${prefix}/*`)),
        );
        return [...removed.map((prefix) => plain("s3:DeleteObject", `${this.bucket(here)}/${prefix}/*`)), ...locks, ...this.puts(here, "sweeps")];
      }
      case "writes-ledger":
        return this.puts(
          home,
          ["packs/control-plane", "indexes/control-plane", `batches/${this.fleet}.ledger`, `manifests/${this.fleet}.ledger`].join(" "),
        );
      case "signs-ledger":
        return ["kms:Decrypt", "kms:GenerateDataKey"].map((action) => this.asLock(action, home, "synnergy-ha/vault-signer"));
      case "gives-access":
        return [plain("sts:AssumeRole", `${agentRole}.Arn`)];
    }
  }
}

const lines = (permissions: readonly Permission[]) => [...new Set(permissions.map(asText))].toSorted();
const isAgent = ({ name }: Owner) => name === "VaultAgent";
const givers = (declarations: readonly FunctionDeclaration[]) => declarations.filter(({ vault }) => vault?.includes("gives-access"));

describe.each([...EXAMPLES, { name: "the largest fleet", file: null }])("the vault's permissions of $name", ({ file }) => {
  let synthesis: Synthesis;
  let expected: Expected;
  beforeAll(async () => {
    synthesis = file === null ? await synthesizeLargest("backups") : await synthesize(file);
    expected = new Expected(synthesis);
  });
  const functions = () => functionsOf(synthesis.fleet);
  const agentIn = (template: Template) => ownersIn(template).find(isAgent);

  it("are exactly those of the uses that a function declares, in each Region", () => {
    for (const [region, template] of synthesis.templates) {
      const agent = agentIn(template)?.id ?? "none";
      const queue = (id: string) => `${resourcesOf(template, "AWS::SQS::Queue").find(([name]) => name.startsWith(id))?.[0]}.Arn`;
      const wanted = functions().flatMap(({ name, vault = [], history, models, starts, asynchronous }) => {
        const takes = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
        const all = [
          ...vault.flatMap((use) => expected.of(use, region, agent)),
          ...(history === undefined ? [] : expected.history(history, region)),
          ...(models === undefined ? [] : expected.history(models, synthesis.fleet.regions.home, "models")),
          ...(starts === "backup" ? takes : []).map((action) => ({ action, resource: queue("BackupsRequests"), conditions: {} })),
          ...(asynchronous === undefined ? [] : [{ action: "sqs:SendMessage", resource: queue("Undelivered"), conditions: {} }]),
        ];
        return all.length === 0 ? [] : [{ name: `${pascalCase(name)}Role`, may: lines(all) }];
      });
      const found = ownersIn(template).filter((each) => !isAgent(each));
      const byName = (one: { name: string }, other: { name: string }) => one.name.localeCompare(other.name);
      expect(found.map(({ name, permissions }) => ({ name, may: lines(permissions) })).toSorted(byName)).toEqual(wanted.toSorted(byName));
    }
  });

  it("of agents are one role a Region, which the functions that give access may assume and nobody else, and which writes at home alone", () => {
    for (const template of synthesis.templates.values()) {
      const agent = agentIn(template);
      const allowed = givers(functions());
      expect(agent === undefined).toBe(allowed.length === 0);
      if (agent === undefined) continue;
      const writes = expected.puts(expected.home, "packs indexes manifests");
      expect(lines(agent.permissions)).toEqual(lines([...expected.of("reads", "", ""), ...writes]));
      const trust = template.Resources[agent.id]?.Properties.AssumeRolePolicyDocument as { Statement: Statement[] };
      expect(trust.Statement.map(({ Effect, Action }) => `${Effect} ${Action}`)).toEqual(trust.Statement.map(() => "Allow sts:AssumeRole"));
      const trusted = trust.Statement.flatMap(({ Principal }) => {
        const { AWS, ...others } = Principal as { AWS: unknown };
        expect(others).toEqual({});
        return list(AWS).map((each) => String(inFull(each)).replace(/[0-9A-F]{8}\.Arn$/, ""));
      });
      expect(trusted.toSorted()).toEqual(allowed.map(({ name }) => `${pascalCase(name)}Role`).toSorted());
    }
  });

  it("let nobody delete a version, shorten a lock, or change a bucket, its policy or a key", () => {
    for (const template of [...synthesis.templates.values(), ...synthesis.vaults.values()]) {
      const actions = roleStatements(template).flatMap(({ statement }) => list(statement.Action));
      const known =
        /^(s3:(ListBucket|(Get|Put|Delete)Object|PutObjectRetention|GetReplicationConfiguration|GetObject(Version(Acl|ForReplication|Tagging)|LegalHold|Retention)|Replicate(Object|Tags))|kms:(Sign|Encrypt|Decrypt|GenerateDataKey)|sts:AssumeRole)$/;
      expect(actions.filter((action) => /^(s3|kms|sts|iam|organizations):/.test(action) && !known.test(action))).toEqual([]);
    }
  });

  it("let sweep-vault alone delete, and in its own Region alone", () => {
    for (const [region, template] of synthesis.templates) {
      const deleting = ownersIn(template).flatMap(({ name, permissions }) =>
        permissions.filter(({ action }) => action === "s3:DeleteObject").map(({ resource }) => `${name} in ${resource.split("/")[0]}`),
      );
      const isPlace = synthesis.fleet.vault?.backups !== undefined && expected.regions.includes(region);
      expect([...new Set(deleting)]).toEqual(isPlace ? [`SweepVaultRole in ${expected.bucket(region)}`] : []);
    }
  });

  it("fit into what IAM takes of a role, and pass the AwsSolutions rules", () => {
    for (const template of synthesis.templates.values()) {
      const characters = (document: unknown) => JSON.stringify(inFull(document)).length;
      for (const [id, { Properties }] of resourcesOf(template, "AWS::IAM::Policy"))
        expect(characters(Properties.PolicyDocument), id).toBeLessThan(INLINE_CHARACTERS_MAX);
      for (const [id, { Properties }] of resourcesOf(template, "AWS::IAM::ManagedPolicy"))
        expect(characters(Properties.PolicyDocument), id).toBeLessThan(MANAGED_CHARACTERS_MAX);
    }
    const { violations } = new AwsSolutionsChecks(synthesis.app, { verbose: true }).validateScope(synthesis.app);
    expect(
      violations.flatMap(({ ruleName, violatingResources }) => violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`)),
    ).toEqual([]);
  });
});
