/** What each part of the control plane may do in an account: exactly what its code asks for, on exactly its own resources. */
import { beforeAll, describe, expect, it } from "vitest";
import { RECORDS, type RecordKind } from "../../core/kernel/records.ts";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import type { VaultUse } from "../../infra/modules/declaration.ts";
import { pascalCase } from "../../infra/modules/declaration.ts";
import { ALL_FUNCTIONS, functionsOf } from "../../infra/modules/functions.ts";
import { codeOf } from "./function-code.ts";
import { EXAMPLES, list, only, resourcesOf, roleStatements, type Statement, type Synthesis, synthesize } from "./synthesis.ts";

/** AWS checks these against no resource that a policy could name. */
const WITHOUT_RESOURCE =
  /^(logs:(Create|Delete|Get|List|Update)LogDeliver(y|ies)|logs:(Describe|Put)Resource(Policy|Policies)|logs:DescribeLogGroups|xray:(Put|Get)(Telemetry|Trace|Sampling)\w+|ec2:(Assign|Unassign)PrivateIpAddresses|ec2:(Create|Delete|Describe)NetworkInterfaces?|ec2:DescribeSubnets|cloudwatch:GetMetricData)$/;
/** Objects of a bucket that is named in full, and keys that bear the vault's alias: test/infra/vault-permissions.test.ts has each. */
const OF_A_VAULT = /^(s3:((Get|Put|Delete)Object|(Get|Put)ObjectRetention)|kms:(Decrypt|GenerateDataKey))$/;
/** Executions of a Map, whose names Step Functions makes up below the machine's own. */
const OF_A_MAP = /^states:(Describe|Stop)Execution$/;

const isAllow = ({ statement }: { statement: Statement }) => statement.Effect === "Allow";
const ownerOf = (policy: string) => ALL_FUNCTIONS.find(({ name }) => policy.startsWith(`${pascalCase(name)}Role`))?.name ?? policy;
const actionsOf = (statement: Statement) => list(statement.Action);

describe.each(EXAMPLES)("permissions of $name", ({ file }) => {
  let synthesis: Synthesis;
  beforeAll(async () => {
    synthesis = await synthesize(file);
  });
  const everyStatement = () => [...synthesis.templates.values()].flatMap(roleStatements);

  it("names every action in full", () => {
    expect(everyStatement().filter(({ statement }) => actionsOf(statement).some((action) => action.includes("*")))).toEqual([]);
  });

  it("names every resource in full where AWS lets a policy name it", () => {
    const wide = everyStatement()
      .filter(isAllow)
      .filter(({ statement }) => JSON.stringify(statement.Resource).includes("*"));
    expect(
      wide
        .flatMap(({ statement }) => actionsOf(statement))
        .filter((action) => ![WITHOUT_RESOURCE, OF_A_VAULT, OF_A_MAP].some((known) => known.test(action))),
    ).toEqual([]);
  });

  it("lets only the functions that command agents sign, by their role and by the key's own policy", () => {
    const signers = functionsOf(synthesis.fleet).flatMap(({ name, commandsAgents }) => (commandsAgents ? [name] : []));
    for (const template of synthesis.templates.values()) {
      const byRole = roleStatements(template).filter(({ statement }) => actionsOf(statement).includes("kms:Sign"));
      expect(byRole.map(({ policy }) => ownerOf(policy)).toSorted()).toEqual(signers.toSorted());
      for (const { statement } of byRole) {
        expect(actionsOf(statement)).toEqual(["kms:Sign"]);
        expect(JSON.stringify(statement.Resource)).toMatch(/^\{"Fn::GetAtt":\["Authority\w+","Arn"\]\}$/);
        expect(statement.Condition).toEqual({ StringEquals: { "kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "RAW" } });
      }
      const statements = (only(resourcesOf(template, "AWS::KMS::Key")).Properties.KeyPolicy as { Statement: Statement[] }).Statement;
      const signing = statements.filter((statement) => actionsOf(statement).includes("kms:Sign"));
      expect(signing).toHaveLength(1);
      const principals = list(signing.flatMap(({ Principal }) => (Principal as { AWS: { "Fn::GetAtt": [string, string] }[] }).AWS)).map((each) =>
        ownerOf(each["Fn::GetAtt"][0]),
      );
      expect(principals.toSorted()).toEqual(signers.toSorted());
      expect(statements.flatMap(actionsOf).filter((action) => action.includes("*") || action === "kms:CreateGrant")).toEqual([]);
    }
  });

  it("holds every access to a table to the kinds of records that the function declares", () => {
    for (const { policy, statement } of everyStatement()) {
      const actions = actionsOf(statement).filter((action) => action.startsWith("dynamodb:"));
      if (actions.length === 0) continue;
      const declaration = ALL_FUNCTIONS.find(({ name }) => name === ownerOf(policy));
      const allowed = actions.includes("dynamodb:PutItem") ? declaration?.writes : declaration?.reads;
      const keys = list(statement.Condition?.["ForAllValues:StringEquals"]?.["dynamodb:LeadingKeys"] ?? []);
      expect(keys.length, `${policy} reaches a whole table`).toBeGreaterThan(0);
      for (const key of keys) expect(allowed?.map((kind) => `${synthesis.fleet.fleet}#${kind}`)).toContain(key);
      expect(actions.filter((action) => !["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"].includes(action))).toEqual([]);
    }
  });

  const who = (action: string, of = everyStatement()) =>
    [...new Set(of.filter(({ statement }) => actionsOf(statement).includes(action)).map(({ policy }) => ownerOf(policy)))].map((policy) =>
      policy.replace(/(DefaultPolicy)?[0-9A-F]{8}$/, ""),
    );

  it("lets nobody but the approver answer a task token", () => {
    expect(who("states:SendTaskSuccess")).toEqual(["approve-incident"]);
  });

  it("lets the rules and a preemption start a failover, start-backup a backup, the clock a drill, and nobody else any of them", () => {
    for (const [region, template] of synthesis.templates) {
      const starts = roleStatements(template).filter(({ statement }) => actionsOf(statement).includes("states:StartExecution"));
      const on = (machine: string) =>
        who(
          "states:StartExecution",
          starts.filter(({ statement }) => JSON.stringify(statement.Resource).includes(`"${machine}StateMachine`)),
        );
      for (const { statement } of starts) expect(list(statement.Resource)).toHaveLength(1);
      const isFilled = synthesis.fleet.vault?.backups !== undefined;
      expect(on("Failover").toSorted()).toEqual(["FailoverStateMachineEventsRole", "relieve-node"]);
      expect(on("Preempt")).toEqual(["PreemptStateMachineEventsRole"]);
      expect(on("BackupsBackup")).toEqual(isFilled ? ["start-backup"] : []);
      const drills = isFilled && vaultPlaces(synthesis.fleet)?.home === region;
      expect(on("BackupsRestoreDrill")).toEqual(drills ? ["BackupsRestoreDrillStateMachineEventsRole"] : []);
      /** A distributed Map starts executions of its own machine, by the machine's own role. */
      const batches = starts.filter(({ policy }) => policy.startsWith("BackupsBackupBatches"));
      expect(
        batches.map(({ statement }) => JSON.stringify(statement.Resource).includes(`stateMachine:synnergy-${synthesis.fleet.fleet}-backup"`)),
      ).toEqual(isFilled ? [true] : []);
      expect(starts).toHaveLength(3 + (isFilled ? 2 : 0) + (drills ? 1 : 0));
    }
  });

  it("lets each workflow call its own steps, and nobody else call a function", () => {
    for (const template of synthesis.templates.values()) {
      const calls = roleStatements(template).filter(({ statement }) => actionsOf(statement).includes("lambda:InvokeFunction"));
      const called = calls.map(({ policy, statement }) => {
        const functions = list(statement.Resource as { "Fn::GetAtt": [string] }).map((each) =>
          each["Fn::GetAtt"][0].replace(/Function[0-9A-F]{8}$/, ""),
        );
        return `${policy.replace(/[0-9A-F]{8}$/, "")}: ${functions.toSorted().join(" ")}`;
      });
      const steps = functionsOf(synthesis.fleet).filter(({ step }) => step);
      const drills = ["BootNode", "ChooseCopy", "CloseDrill", "RestoreCopy", "TearDown", "VerifyNode"];
      const backups = ["BackUpSource", "CloseBackup", "CompleteLedger", "PlanLedger", "ProveBackup", "StoreSegments"];
      const stepsOf = (module: string) => steps.filter((each) => each.module === module).map(({ name }) => pascalCase(name));
      const ofFailover = stepsOf("failover").filter((name) => name !== "DrainNode");
      const ofPreempt = [...stepsOf("prediction"), "DrainNode"];
      const expected = [`FailoverCalls: ${ofFailover.toSorted().join(" ")}`, `PreemptCalls: ${ofPreempt.toSorted().join(" ")}`];
      if (steps.some(({ module }) => module === "backup"))
        expected.push(`BackupsBackupCalls: ${backups.join(" ")}`, `BackupsRestoreDrillCalls: ${drills.join(" ")}`);
      expect(called.toSorted()).toEqual(expected.toSorted());
    }
  });
});

const isKind = (word: string): word is RecordKind => word in RECORDS;
function kinds(code: string, calls: RegExp): RecordKind[] {
  return [...new Set([...code.matchAll(calls)].map((match) => match[1] ?? "").filter(isKind))].toSorted();
}

/** What in a function's code is which use of the vault. */
const USES: Readonly<Record<VaultUse, RegExp>> = {
  reads: /\bopen(OrMake)?FleetKeyring\(/,
  makes: /\bopenOrMakeFleetKeyring\(/,
  proves: /\bproveVault\(/,
  repairs: /\bauditReplicas\(/,
  sweeps: /\bsweepVault\(/,
  "gives-access": /\.access\(/,
  "writes-ledger": /\b(?:storeLedgerBatch|completeLedgerBackup)\(/,
  "signs-ledger": /\bledgerSigner\(/,
};
/** How a function comes to buckets, keys and roles: by its world's vault. */
const VAULT = /\.vault\(\)|@aws-sdk\/client-(?:s3|kms|sts)/;

describe.each(ALL_FUNCTIONS.map((declaration) => ({ name: declaration.name, declaration })))("what $name declares", ({ declaration }) => {
  let code: string;
  beforeAll(async () => {
    code = await codeOf(declaration);
  });

  it("reads and writes exactly the kinds that it declares", () => {
    const changed = kinds(code, /\bupdateRecord\(\s*[\w.]+,\s*"(\w+)"/g);
    const written = kinds(code, /\.(?:write|remove)\(\s*"(\w+)"/g);
    const read = kinds(code, /\.(?:read|list)\(\s*"(\w+)"/g);
    expect([...new Set([...read, ...changed])].toSorted()).toEqual([...declaration.reads].toSorted());
    expect([...new Set([...written, ...changed])].toSorted()).toEqual([...declaration.writes].toSorted());
  });

  it("may sign for agents, reach the network and publish only if its code does so", () => {
    const commands = /\bagents\.call\(/.test(code);
    expect({
      commandsAgents: commands,
      reachesNetwork: commands || /\bnodes\.(?:probe|recentBlocks)\(|\bevmLedger\(/.test(code),
      publishes: /\bbus\.publish\(/.test(code),
    }).toEqual({
      commandsAgents: declaration.commandsAgents,
      reachesNetwork: declaration.reachesNetwork,
      publishes: declaration.publishes,
    });
  });

  it("uses the vault as it declares, and a function that declares nothing meets neither a bucket nor a key", () => {
    const used = Object.entries(USES).flatMap(([use, word]) => (word.test(code) ? [use] : []));
    expect(used.toSorted()).toEqual([...(declaration.vault ?? [])].toSorted());
    expect(VAULT.test(code)).toBe(declaration.vault !== undefined);
  });

  it("uses the history and the models and reads metrics as it declares, and nothing of any if it declares nothing", () => {
    const history = /\barchiveVitals\(/.test(code) ? "writes" : /\.history\(\)/.test(code) ? "reads" : undefined;
    const models = /\bpromoteModel\(/.test(code) ? "writes" : /\.models\(\)/.test(code) ? "reads" : undefined;
    expect({ history, models, readsMetrics: /\.namedMetrics\(\)/.test(code) }).toEqual({
      history: declaration.history,
      models: declaration.models,
      readsMetrics: declaration.readsMetrics === true,
    });
  });

  it("starts a workflow only if its code does so", () => {
    expect(/\bworkflows\.start\(/.test(code)).toBe(declaration.starts !== undefined);
  });
});
