/**
 * From TypeScript to what Lambda loads, in one esbuild call for all functions. Code that several functions share is a
 * chunk; each function's folder gets its own entry and only the chunks that it reaches. File names carry content
 * hashes, so a change to one function changes one folder, and one function is redeployed.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { FLEET_FILE } from "../core/kernel/environment.ts";

export const projectRoot = join(import.meta.dirname, "..");

/**
 * node:http and node:https by Node's own door. An ES import makes a façade that names every export, and loads what stands behind
 * each of them; asked for as a builtin, the module is there at once. `npm run bench -- cold-start` shows the whole.
 */
const builtinDoor: Plugin = {
  name: "builtin-door",
  setup(door) {
    door.onResolve({ filter: /^(node:)?https?$/ }, ({ path }) => ({ path: path.replace("node:", ""), namespace: "builtin-door" }));
    door.onLoad({ filter: /.*/, namespace: "builtin-door" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("node:${path}");`,
    }));
  },
};

const OPTIONS = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  /** Names stay as they are written: a stack trace names its functions, and that costs bytes where `keepNames` costs a call a function at each cold start. */
  minifyWhitespace: true,
  minifySyntax: true,
  /** ES modules first: they shake, and load in half the time of the same SDK in CommonJS. */
  mainFields: ["module", "main"],
  legalComments: "none",
  outExtension: { ".js": ".mjs" },
  /** A CommonJS package inside an ES module still asks for Node's own modules by `require`. */
  banner: { js: 'import{createRequire as $require}from"node:module";const require=$require(import.meta.url);' },
  /** Native: it comes from its layer, see adapters/argon2-layer.ts. */
  external: ["argon2"],
  plugins: [builtinDoor],
  absWorkingDir: projectRoot,
  metafile: true,
  logLevel: "warning",
} as const satisfies BuildOptions;

export type BundledFunction = { readonly folder: string; readonly handler: string; readonly bytes: number };
export type Bundle = ReadonlyMap<string, BundledFunction>;

/**
 * Bundles `entries` (function name → source file) into `folder`, one subfolder a function, each with `fleet` beside it.
 * Two entries must not share a file name. Throws esbuild's own errors, which name file and line.
 */
export async function bundleFunctions(entries: Readonly<Record<string, string>>, folder: string, fleet: unknown): Promise<Bundle> {
  rmSync(folder, { recursive: true, force: true });
  const shared = join(folder, "all");
  const { metafile } = await build({ ...OPTIONS, entryPoints: { ...entries }, outdir: shared, splitting: true, chunkNames: "chunk-[hash]" });
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const functions = new Map<string, BundledFunction>();
  for (const name of Object.keys(entries)) {
    const own = join(folder, name);
    mkdirSync(own, { recursive: true });
    let bytes = 0;
    for (const file of reached(`${name}.mjs`, outputs)) {
      copyFileSync(join(shared, file), join(own, file));
      bytes += outputs.get(file)?.bytes ?? 0;
    }
    writeFileSync(join(own, FLEET_FILE), JSON.stringify(fleet));
    functions.set(name, { folder: own, handler: `${name}.handler`, bytes });
  }
  rmSync(shared, { recursive: true });
  return functions;
}

/**
 * The agent as a folder to be carried to a host or measured, `agent.mjs` its entry: what only some hosts need (KMS) is a chunk of its own.
 * Beside it are the programs that it starts: the one that does a vault job, and the threads of that one's labour.
 */
export async function bundleAgent(folder: string): Promise<{ bytes: number }> {
  rmSync(folder, { recursive: true, force: true });
  const entryPoints = {
    agent: join(projectRoot, "agent", "main.ts"),
    "job-process": join(projectRoot, "agent", "vault", "job-process.ts"),
    "labour-worker": join(projectRoot, "adapters", "vault", "labour-worker.mjs"),
  };
  const { metafile } = await build({ ...OPTIONS, entryPoints, outdir: folder, splitting: true, chunkNames: "chunk-[hash]" });
  return { bytes: Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0) };
}

/** The entry and every chunk it imports, directly or not, at once or later. */
function reached(entry: string, outputs: ReadonlyMap<string, Metafile["outputs"][string]>): string[] {
  const seen = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const imported of outputs.get(file)?.imports ?? []) {
      if (!imported.external) open.push(basename(imported.path));
    }
  }
  return [...seen].toSorted();
}
