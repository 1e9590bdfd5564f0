/**
 * Synthesizes a fleet file as `infra/app.ts` does, into a folder that is gone afterwards, and hands the templates over as
 * plain objects. Each example is synthesized as for AWS and as for a rehearsal.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, type Stack } from "aws-cdk-lib";
import { readFleet } from "../../adapters/fleet-yaml.ts";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { projectRoot } from "../../infra/bundle.ts";
import { deploymentFrom } from "../../infra/deployment.ts";
import { declareFleet, FEATURES } from "../../infra/fleet-stacks.ts";

export type Resource = { Type: string; Properties: Record<string, unknown>; DeletionPolicy?: string };
export type Template = { Resources: Record<string, Resource>; Outputs?: Record<string, unknown> };
export type Statement = {
  Effect: "Allow" | "Deny";
  Action: string | string[];
  Resource: unknown;
  Condition?: Record<string, Record<string, string[] | string>>;
  Principal?: unknown;
};
/** By Region: the control plane's stacks, and the vault's. */
export type Synthesis = { fleet: Fleet; app: App; templates: Map<string, Template>; vaults: Map<string, Template> };

export const EXAMPLES = readdirSync(join(projectRoot, "examples"))
  .filter((file) => file.endsWith(".fleet.yaml"))
  .map((name) => ({ name, file: join(projectRoot, "examples", name) }));

export async function synthesize(file: string, context: Record<string, string> = {}): Promise<Synthesis> {
  const reading = await readFleet(file);
  if (reading.kind === "invalid") throw new Error(`${file}: ${reading.faults.join("\n")}`);
  const outdir = mkdtempSync(join(tmpdir(), "synnergy-synth-"));
  try {
    const app = new App({ outdir, context: { ...FEATURES, ...context } });
    const { regions, vaults } = await declareFleet(app, deploymentFrom(app.node, reading.fleet));
    const assembly = app.synth();
    const templatesOf = (stacks: ReadonlyMap<string, Stack>) =>
      new Map([...stacks].map(([region, stack]) => [region, assembly.getStackByName(stack.stackName).template as Template]));
    return { fleet: reading.fleet, app, templates: templatesOf(regions), vaults: templatesOf(vaults) };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

export function resourcesOf(template: Template, type: string): [string, Resource][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

/** The one resource of its type; none or several fail the test that asks. */
export function only(resources: [string, Resource][]): Resource {
  const [first, ...others] = resources;
  if (!first || others.length > 0) throw new Error(`expected one resource, found ${resources.map(([id]) => id).join(", ") || "none"}`);
  return first[1];
}

export const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** Every statement of every role's policy: `FencePrimaryRoleDefaultPolicy…` belongs to fence-primary. */
export function roleStatements(template: Template): { policy: string; statement: Statement }[] {
  const policies = resourcesOf(template, "AWS::IAM::Policy").flatMap(([policy, { Properties }]) =>
    (Properties.PolicyDocument as { Statement: Statement[] }).Statement.map((statement) => ({ policy, statement })),
  );
  const inline = resourcesOf(template, "AWS::IAM::Role").flatMap(([policy, { Properties }]) =>
    list((Properties.Policies as { PolicyDocument: { Statement: Statement[] } }[] | undefined) ?? []).flatMap(({ PolicyDocument }) =>
      PolicyDocument.Statement.map((statement) => ({ policy, statement })),
    ),
  );
  /** What does not fit into a role's own policy: `FencePrimaryRoleOverflowPolicy1…`. */
  const overflown = resourcesOf(template, "AWS::IAM::ManagedPolicy").flatMap(([policy, { Properties }]) =>
    (Properties.PolicyDocument as { Statement: Statement[] }).Statement.map((statement) => ({ policy, statement })),
  );
  return [...policies, ...inline, ...overflown];
}
