/** Bundles: what each function carries, and that a change to one function changes that function alone. */
import { execFile, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleAgent, bundleFunctions } from "../../infra/bundle.ts";

const run = promisify(execFile);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "synnergy-bundle-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SHARED = `export class LeaseOdd extends Error { override readonly name = "LeaseOdd"; }
export function onlyForFence(): string { return "fence-word"; }
export const later = async () => (await import("./seldom.ts")).seldomWord;`;

/** Three functions: two share a module, one of them loads a third module only when asked. */
function sources(changes: Record<string, string> = {}): Record<string, string> {
  const source = join(folder, "source");
  mkdirSync(source, { recursive: true });
  const files: Record<string, string> = {
    "shared.ts": SHARED,
    "seldom.ts": 'export const seldomWord = "seldom-word";',
    "fence.ts":
      'import { LeaseOdd, onlyForFence, later } from "./shared.ts"; export const handler = async () => [onlyForFence(), new LeaseOdd().name, await later(), onlyForFence.name];',
    "take.ts": 'import { LeaseOdd } from "./shared.ts"; export const handler = async () => new LeaseOdd().name;',
    "alone.ts": 'export const handler = async () => "alone-word";',
    ...changes,
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(source, file), text);
  return Object.fromEntries(["fence", "take", "alone"].map((name) => [name, join(source, `${name}.ts`)]));
}

function digest(path: string): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(path).toSorted()) hash.update(`${file}\0`).update(readFileSync(join(path, file)));
  return hash.digest("hex");
}

async function digests(changes: Record<string, string> = {}, fleet: unknown = { fleet: "a" }): Promise<Record<string, string>> {
  const bundle = await bundleFunctions(sources(changes), join(folder, "out"), fleet);
  return Object.fromEntries([...bundle].map(([name, { folder: own }]) => [name, digest(own)]));
}

describe("the bundle", () => {
  it("is the same bytes for the same sources", async () => {
    expect(await digests()).toEqual(await digests());
  });

  it("changes only the function whose own source changed", async () => {
    const before = await digests();
    const after = await digests({ "alone.ts": 'export const handler = async () => "another-word";' });
    expect(after.fence).toBe(before.fence);
    expect(after.take).toBe(before.take);
    expect(after.alone).not.toBe(before.alone);
  });

  it("changes every function that shares what changed, and no other", async () => {
    const before = await digests();
    const after = await digests({ "shared.ts": SHARED.replace("LeaseOdd extends", "LeaseOdd /* */ extends").replace('"LeaseOdd"', '"LeaseOther"') });
    expect(after.alone).toBe(before.alone);
    expect(after.fence).not.toBe(before.fence);
    expect(after.take).not.toBe(before.take);
  });

  it("changes every function when the fleet file changes, since each carries it", async () => {
    const before = await digests({}, { fleet: "a" });
    const after = await digests({}, { fleet: "b" });
    for (const name of Object.keys(before)) expect(after[name]).not.toBe(before[name]);
  });

  it("runs, keeps the names that stack traces show, and reaches what is loaded later", async () => {
    const bundle = await bundleFunctions(sources(), join(folder, "run"), { fleet: "a" });
    const fence = bundle.get("fence");
    const { handler } = await import(pathToFileURL(join(fence?.folder ?? "", "fence.mjs")).href);
    expect(await handler()).toEqual(["fence-word", "LeaseOdd", "seldom-word", "onlyForFence"]);
    expect(JSON.parse(readFileSync(join(fence?.folder ?? "", "fleet.json"), "utf8"))).toEqual({ fleet: "a" });
  });

  it("gives a function no file that it does not reach", async () => {
    const bundle = await bundleFunctions(sources(), join(folder, "own"), { fleet: "a" });
    const carried = (name: string) => {
      const own = bundle.get(name)?.folder ?? "";
      return readdirSync(own).map((file) => ({ file, text: readFileSync(join(own, file), "utf8") }));
    };
    expect(carried("alone").filter(({ text }) => /LeaseOdd|seldom-word|fence-word/.test(text))).toEqual([]);
    expect(carried("take").map(({ file }) => file)).not.toContain("fence.mjs");
    expect(carried("fence").some(({ text }) => text.includes("seldom-word"))).toBe(true);
  });

  it("names the file and the line of a source that does not parse", async () => {
    await expect(bundleFunctions(sources({ "alone.ts": "export const handler = (" }), join(folder, "bad"), {})).rejects.toThrow(/alone\.ts:1/);
  });
});

describe("the agent's bundle", () => {
  it("is a folder whose entry is agent.mjs, and loads without running", async () => {
    const own = join(folder, "agent");
    const { bytes } = await bundleAgent(own);
    const files = readdirSync(own);
    expect(files).toContain("agent.mjs");
    expect(bytes).toBe(files.reduce((sum, file) => sum + readFileSync(join(own, file)).byteLength, 0));
    const loaded = await run(process.execPath, [
      "--input-type=module",
      "-e",
      "await import(process.argv[1])",
      pathToFileURL(join(own, "agent.mjs")).href,
    ]);
    expect(loaded).toEqual({ stdout: "", stderr: "" });
  });

  it("brings the programs that it starts: a job's, which begins, says what is wrong with it and ends with its agent, and a thread's", async () => {
    const own = join(folder, "agent-programs");
    await bundleAgent(own);
    expect(readdirSync(own)).toContain("labour-worker.mjs");
    const job = fork(join(own, "job-process.mjs"), [], { serialization: "advanced", execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const said = once(job, "message");
    const work = { kind: "restore", source: "n1.directory", sequence: 1, signers: [] };
    job.send({
      kind: "begin",
      beginning: { fleet: "f", node: "n1", rpc: "http://127.0.0.1:1", vault: {}, seed: new Uint8Array(32), job: "j", work, access: { places: [] } },
    });
    expect((await said)[0]).toMatchObject({ kind: "failed", fault: { name: "VaultUnavailable" } });
    const ended = once(job, "exit");
    job.disconnect();
    expect((await ended)[0]).toBe(0);
  });
});
