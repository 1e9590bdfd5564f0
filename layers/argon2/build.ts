/**
 * Lays out the Argon2 layer as Lambda wants it, without Docker: the npm package ships every platform's prebuilt binary,
 * so that building is copying, from the locked packages, the JavaScript and the one binary that the function's machine
 * loads. The C sources and the other six platforms stay behind. The same inputs give the same bytes, so that an
 * unchanged layer is not published again.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

export type LayerMachine = { readonly platform: "linux" | "darwin"; readonly architecture: "x64" | "arm64" };

/** What the package reads at run time; `node-gyp-build` picks the binary, `@phc/format` writes the string. */
const RUNTIME: Record<string, readonly string[]> = {
  argon2: ["package.json", "LICENSE", "argon2.cjs"],
  "@phc/format": ["package.json", "license", "index.js"],
  "node-gyp-build": ["package.json", "LICENSE", "index.js", "node-gyp-build.js"],
};

const packages = join(import.meta.dirname, "..", "..", "node_modules");

/** Fills `folder` (emptied first) with `nodejs/node_modules/…` and returns it. Throws where the binary is missing. */
export function buildArgon2Layer(folder: string, machine: LayerMachine): string {
  rmSync(folder, { recursive: true, force: true });
  const target = join(folder, "nodejs", "node_modules");
  for (const [name, files] of Object.entries(RUNTIME)) {
    for (const file of files) copy(join(packages, name, file), join(target, name, file));
  }
  const prebuilds = join("argon2", "prebuilds", `${machine.platform}-${machine.architecture}`);
  const binary = existsSync(join(packages, prebuilds)) && readdirSync(join(packages, prebuilds)).find((file) => file.endsWith(".glibc.node"));
  if (!binary)
    throw new Error(`argon2 ships no binary for ${machine.platform}-${machine.architecture} (looked in ${prebuilds}). The layer was not built.`);
  copy(join(packages, prebuilds, binary), join(target, prebuilds, binary));
  return folder;
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}
