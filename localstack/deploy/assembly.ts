/** What a synth wrote: its stacks, each with its Region and template. Parsed here once. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

const Manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      environment: z.string().optional(),
      properties: z.looseObject({ templateFile: z.string().optional(), stackName: z.string().optional() }).optional(),
    }),
  ),
});

export const Template = z.looseObject({
  Resources: z.record(z.string(), z.looseObject({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) })).default({}),
});
export type Template = z.infer<typeof Template>;

export type SynthesizedStack = { readonly name: string; readonly region: string; readonly template: Template };

/** Throws when a stack has no Region of its own, since a rehearsal must know where to look for it. */
export function readAssembly(folder: string): SynthesizedStack[] {
  const { artifacts } = Manifest.parse(JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));
  const stacks: SynthesizedStack[] = [];
  for (const [id, { type, environment, properties }] of Object.entries(artifacts)) {
    if (type !== "aws:cloudformation:stack" || properties?.templateFile === undefined) continue;
    const region = /^aws:\/\/[^/]+\/([a-z0-9-]+)$/.exec(environment ?? "")?.[1];
    if (region === undefined || region === "unknown-region")
      throw new Error(`stack ${id} in ${folder} names no Region (${environment}); give it an env.`);
    stacks.push({
      name: properties.stackName ?? id,
      region,
      template: Template.parse(JSON.parse(readFileSync(join(folder, properties.templateFile), "utf8"))),
    });
  }
  return stacks;
}
