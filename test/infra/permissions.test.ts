/** What each part of the control plane may do in an account: exactly what its code asks for, on exactly its own resources. */
import { beforeAll, describe, expect, it } from "vitest";
import { RECORDS, type RecordKind } from "../../core/kernel/records.ts";
import { pascalCase } from "../../infra/modules/declaration.ts";
import { ALL_FUNCTIONS } from "../../infra/modules/functions.ts";
import { codeOf } from "./function-code.ts";
import { EXAMPLES, list, only, resourcesOf, roleStatements, type Statement, type Synthesis, synthesize } from "./synthesis.ts";

/** AWS checks these against no resource that a policy could name. */
const WITHOUT_RESOURCE =
  /^(logs:(Create|Delete|Get|List|Update)LogDeliver(y|ies)|logs:(Describe|Put)Resource(Policy|Policies)|logs:DescribeLogGroups|xray:(Put|Get)(Telemetry|Trace|Sampling)\w+|ec2:(Assign|Unassign)PrivateIpAddresses|ec2:(Create|Delete|Describe)NetworkInterfaces?|ec2:DescribeSubnets)$/;
const SIGNERS = ["fence-primary", "open-incident", "prepare-successor", "promote-successor", "verify-signing", "watch-fleet"];

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
    expect(wide.flatMap(({ statement }) => actionsOf(statement)).filter((action) => !WITHOUT_RESOURCE.test(action))).toEqual([]);
  });

  it("lets only the functions that command agents sign, by their role and by the key's own policy", () => {
    for (const template of synthesis.templates.values()) {
      const byRole = roleStatements(template).filter(({ statement }) => actionsOf(statement).some((action) => action.startsWith("kms:")));
      expect(byRole.map(({ policy }) => ownerOf(policy)).toSorted()).toEqual(SIGNERS);
      expect(byRole.flatMap(({ statement }) => actionsOf(statement)).every((action) => action === "kms:Sign")).toBe(true);
      const statements = (only(resourcesOf(template, "AWS::KMS::Key")).Properties.KeyPolicy as { Statement: Statement[] }).Statement;
      const signing = statements.filter((statement) => actionsOf(statement).includes("kms:Sign"));
      expect(signing).toHaveLength(1);
      const principals = list(signing.flatMap(({ Principal }) => (Principal as { AWS: { "Fn::GetAtt": [string, string] }[] }).AWS)).map((each) =>
        ownerOf(each["Fn::GetAtt"][0]),
      );
      expect(principals.toSorted()).toEqual(SIGNERS);
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

  it("lets nobody but the approver answer a task token, and nobody but the rules start the workflow", () => {
    const who = (action: string) => [
      ...new Set(
        everyStatement()
          .filter(({ statement }) => actionsOf(statement).includes(action))
          .map(({ policy }) => ownerOf(policy)),
      ),
    ];
    expect(who("states:SendTaskSuccess")).toEqual(["approve-incident"]);
    expect(who("states:StartExecution").every((policy) => policy.startsWith("FailoverStateMachineEventsRole"))).toBe(true);
    expect(who("lambda:InvokeFunction").every((policy) => policy.startsWith("FailoverCalls"))).toBe(true);
  });
});

const isKind = (word: string): word is RecordKind => word in RECORDS;
function kinds(code: string, calls: RegExp): RecordKind[] {
  return [...new Set([...code.matchAll(calls)].map((match) => match[1] ?? "").filter(isKind))].toSorted();
}

describe.each(ALL_FUNCTIONS.map((declaration) => ({ name: declaration.name, declaration })))("what $name declares", ({ name, declaration }) => {
  let code: string;
  beforeAll(async () => {
    code = await codeOf(name);
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
      reachesNetwork: commands || /\bnodes\.(?:probe|recentBlocks)\(/.test(code),
      publishes: /\bbus\.publish\(/.test(code),
    }).toEqual({
      commandsAgents: declaration.commandsAgents,
      reachesNetwork: declaration.reachesNetwork,
      publishes: declaration.publishes,
    });
  });
});
