/** Which process a pid file means, what it uses, and where it would be ended: on a real child that grows, and on a /proc of the test's own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { memoryLimitOf } from "../../agent/vitals/memory-limit.ts";
import { nodeProcess } from "../../agent/vitals/node-process.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-vitals-"));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const MEBIBYTE = 1024 ** 2;
/** Grows by the bytes that it is told, opens as many files, and says when that is done. */
const GROWING = `
  const { openSync } = require("node:fs");
  const kept = [];
  process.stdin.on("data", (text) => {
    const { bytes, files } = JSON.parse(text);
    kept.push(Buffer.alloc(bytes, 1));
    for (let i = 0; i < files; i += 1) openSync(process.execPath);
    console.log("done");
  });
  console.log("ready");`;

async function growingChild() {
  const child = spawn(process.execPath, ["-e", GROWING], { stdio: ["pipe", "pipe", "inherit"] });
  children.add(child);
  await once(child.stdout, "data");
  const pidFile = join(folder, `${child.pid}.pid`);
  writeFileSync(pidFile, `${child.pid}\n`);
  const grow = async (bytes: number, files: number) => {
    child.stdin.write(JSON.stringify({ bytes, files }));
    await once(child.stdout, "data");
  };
  return { child, pidFile, grow };
}

describe("the node's process", () => {
  test("is measured as it grows, and is nobody once it has ended", async () => {
    const { child, pidFile, grow } = await growingChild();
    const found = nodeProcess({ pidFile });
    const before = await found.look();
    expect(before).toMatchObject({ pid: child.pid });
    await grow(64 * MEBIBYTE, 20);
    const after = await found.look();
    expect((after?.memoryBytes ?? 0) - (before?.memoryBytes ?? 0)).toBeGreaterThan(60 * MEBIBYTE);
    const files = process.platform === "linux" ? (before?.openFiles ?? Number.NaN) + 20 : null;
    expect(after?.openFiles).toBe(files);
    expect(after?.openFilesMax === null).toBe(files === null);
    const byPs = await nodeProcess({ pidFile, proc: null }).look();
    expect(byPs).toMatchObject({ pid: child.pid, openFiles: null });
    expect(Math.abs((byPs?.memoryBytes ?? 0) - (after?.memoryBytes ?? 0))).toBeLessThan(8 * MEBIBYTE);
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    expect(await found.look()).toBeNull();
  });

  test("is not believed where it started after the file was written: the number was used again", async () => {
    const { child, pidFile } = await growingChild();
    utimesSync(pidFile, new Date(), new Date(Date.now() - 60_000));
    for (const proc of [undefined, null])
      expect(await nodeProcess({ pidFile, ...(proc === undefined ? {} : { proc }) }).look(), `asked of ${proc}`).toBeNull();
    writeFileSync(pidFile, `${child.pid}`);
    expect(await nodeProcess({ pidFile }).look()).not.toBeNull();
  });

  test("is named by one number above 1 and nothing else", async () => {
    const file = join(folder, "odd.pid");
    const found = nodeProcess({ pidFile: file, proc: fakeProc({ pid: 1, startTicks: 0 }) });
    const odd = fc.oneof(fc.constantFrom("", "0", "1", "-7", "1e3", "0x10", "7.5", "12 13", "99999999999"), fc.string({ maxLength: 40 }));
    await fc.assert(
      fc.asyncProperty(
        odd.filter((text) => !/^\s*\d{1,10}\s*$/.test(text) || Number(text) < 2),
        async (text) => {
          writeFileSync(file, text);
          expect(await found.look()).toBeNull();
        },
      ),
    );
    rmSync(file);
    expect(await found.look()).toBeNull();
  });
});

/** A /proc of one process, which started so many hundredths of a second after a boot a thousand seconds ago. */
function fakeProc(facts: { pid: number; startTicks: number; status?: string }): string {
  const proc = mkdtempSync(join(folder, "proc-"));
  const own = join(proc, String(facts.pid));
  mkdirSync(join(own, "fd"), { recursive: true });
  writeFileSync(join(proc, "stat"), `cpu 1 2 3\nbtime ${Math.floor(Date.now() / 1_000) - 1_000}\n`);
  write(own, facts);
  for (const name of ["0", "1", "2"]) writeFileSync(join(own, "fd", name), "");
  writeFileSync(
    join(own, "limits"),
    "Limit Soft Limit Hard Limit Units\nMax open files            1024                 4096                 files\n",
  );
  return proc;
}
function write(own: string, facts: { pid: number; startTicks: number; status?: string }): void {
  // A name with brackets and blanks, as a process may give itself one.
  const fields = ["S", ...Array.from({ length: 18 }, () => "0"), String(facts.startTicks), "0", "0"];
  writeFileSync(join(own, "stat"), `${facts.pid} (a) S (b) ${fields.join(" ")}\n`);
  writeFileSync(join(own, "status"), facts.status ?? "Name:\ta) S (b\nVmRSS:\t    2048 kB\n");
}

describe("what Linux tells", () => {
  const pidFile = join(folder, "fake.pid");

  test("is read past a name with brackets; what is not there is null by itself", async () => {
    const proc = fakeProc({ pid: 77, startTicks: 10_000 });
    writeFileSync(pidFile, "77\n");
    const found = nodeProcess({ pidFile, proc });
    expect(await found.look()).toEqual({ pid: 77, memoryBytes: 2 * MEBIBYTE, openFiles: 3, openFilesMax: 1_024 });
    write(join(proc, "77"), { pid: 77, startTicks: 10_000, status: "Name:\tdefunct\nState:\tZ (zombie)\n" });
    rmSync(join(proc, "77", "fd"), { recursive: true });
    expect(await found.look()).toEqual({ pid: 77, memoryBytes: null, openFiles: null, openFilesMax: 1_024 });
  });

  test("keeps a process that was believed apart from the next of its number, and through a step of the wall clock", async () => {
    const proc = fakeProc({ pid: 78, startTicks: 10_000 });
    writeFileSync(pidFile, "78\n");
    const found = nodeProcess({ pidFile, proc });
    expect(await found.look()).not.toBeNull();
    // The wall clock went two hours ahead: Linux works the boot out anew, and every start with it.
    writeFileSync(join(proc, "stat"), `btime ${Math.floor(Date.now() / 1_000) - 1_000 + 7_200}\n`);
    expect(await found.look()).toMatchObject({ pid: 78 });
    expect(await nodeProcess({ pidFile, proc }).look(), "who has not known it before").toBeNull();
    write(join(proc, "78"), { pid: 78, startTicks: 200_000 });
    expect(await found.look()).toBeNull();
  });
});

describe("the memory beyond which a process is ended", () => {
  const groups = join(folder, "groups");
  const limitOf = async (cgroup: string, limits: Readonly<Record<string, string>>) => {
    rmSync(groups, { recursive: true, force: true });
    const proc = fakeProc({ pid: 79, startTicks: 0 });
    writeFileSync(join(proc, "79", "cgroup"), cgroup);
    for (const [group, limit] of Object.entries(limits)) {
      mkdirSync(join(groups, group), { recursive: true });
      writeFileSync(join(groups, group, "memory.max"), limit);
    }
    return memoryLimitOf(79, { proc, groups });
  };

  test("is the lowest of its group's and of the groups above, and no more than the host has", async () => {
    const bytes = fc.integer({ min: 1, max: 2 ** 40 });
    const limit = fc.option(bytes, { nil: null });
    await fc.assert(
      fc.asyncProperty(limit, limit, limit, async (leaf, middle, root) => {
        const text = (one: number | null) => (one === null ? "max\n" : `${one}\n`);
        const found = await limitOf("12:pids:/x\n0::/system.slice/geth.service\n", {
          "system.slice/geth.service": text(leaf),
          "system.slice": text(middle),
          ".": text(root),
        });
        expect(found).toBe(Math.min(totalmem(), ...[leaf, middle, root].filter((one) => one !== null)));
      }),
      { numRuns: 30 },
    );
  });

  test("is the host's memory where there are no groups of version 2, or none that can be read", async () => {
    expect(await limitOf("4:memory:/docker/abc\n", { "docker/abc": "5\n" })).toBe(totalmem());
    expect(await limitOf("0::/gone\n", {})).toBe(totalmem());
    expect(await memoryLimitOf(79, { proc: join(folder, "nowhere"), groups })).toBe(totalmem());
  });
});
