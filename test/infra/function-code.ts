/** What a function really does, by the text of its own code: infra promises permissions and alarms, and the code must agree. */
import { join } from "node:path";
import { build } from "esbuild";
import { projectRoot } from "../../infra/bundle.ts";
import type { FunctionDeclaration } from "../../infra/modules/declaration.ts";

/** A function's own code with all that it reaches, unused parts shaken off, as text. */
export async function codeOf({ module, name }: Pick<FunctionDeclaration, "module" | "name">): Promise<string> {
  const entry = join(projectRoot, "functions", module, `${name}.ts`);
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node24",
    packages: "external",
    logLevel: "silent",
    /** The composition root reaches every adapter; what a function asks of the world is in its own code. */
    external: ["*/adapters/world.ts"],
    treeShaking: true,
  });
  return outputFiles[0]?.text ?? "";
}
