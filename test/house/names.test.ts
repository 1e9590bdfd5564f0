import { existsSync, globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";

/** Beyond this a file holds two things. */
const LINES_MAX = 200;
/** One model of one world, whose moves all touch the same state: in two files neither could be read. */
const LONGER = ["test/support/one-holder-model.ts"];
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$/;
const RINGS = "{core,adapters,functions,agent,cli,infra,layers,schemas,localstack,bench,test}";

const read = (file: string): string => readFileSync(file, "utf8");
const files = globSync(`${RINGS}/**/*.ts`, { exclude: (name) => name === "node_modules" });

/** Comments and texts may name what code must not use. */
const codeOf = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "");

const offenders = (of: readonly string[], offends: (text: string, file: string) => boolean): string[] =>
  of.filter((file) => offends(read(file), file));

describe("every file of the house", () => {
  it("is there to be looked at", () => {
    expect(files.length).toBeGreaterThan(100);
  });

  it("has at most 200 lines, but for the one that says why", () => {
    expect(offenders(files, (text) => text.trimEnd().split("\n").length > LINES_MAX)).toEqual(LONGER);
  });

  it("is named in kebab-case, and not after a drawer for odds and ends", () => {
    expect(files.filter((file) => !KEBAB.test(basename(file)) || /(^|[-/])(utils?|helpers?|common|manager|misc)([-./]|$)/.test(file))).toEqual([]);
  });

  it("begins with its promise, unless it is a test, whose titles are its promises", () => {
    const sources = files.filter((file) => !file.endsWith(".test.ts"));
    expect(offenders(sources, (text) => !/^(#!.*\n)?\/\*\*/.test(text))).toEqual([]);
  });

  it("has no default export and no enum", () => {
    expect(
      offenders(files, (text) => /^\s*export default\b/m.test(codeOf(text)) || /^\s*(export )?(declare )?(const )?enum\s/m.test(codeOf(text))),
    ).toEqual([]);
  });

  it("leaves nothing for later: no mark of unfinished work, no skipped test", () => {
    const marks = new RegExp(["TO" + "DO", "FIX" + "ME", "XX" + "X"].map((mark) => `\\b${mark}\\b`).join("|"));
    expect(
      offenders(
        files.filter((file) => !file.startsWith("test/house/")),
        (text) => marks.test(text),
      ),
    ).toEqual([]);
    const tests = files.filter((file) => file.endsWith(".test.ts") && !file.startsWith("test/house/"));
    expect(offenders(tests, (text) => /\b(it|test|describe)\.(skip|only|todo)\(/.test(codeOf(text)))).toEqual([]);
  });
});

describe("core", () => {
  const core = globSync("core/**/*.ts");

  it("knows no clock, no chance, no environment and no console", () => {
    const impure =
      /\b(console\.|Date\.now\(|new Date\(\)|Math\.random\(|process\.|performance\.|setTimeout\(|setInterval\(|fetch\(|randomBytes|randomUUID)/;
    expect(offenders(core, (text) => impure.test(codeOf(text)))).toEqual([]);
  });

  it("has no function that waits: what waits, does", () => {
    /** The kernel's compare-and-set and ports speak of the world's promises without making any of their own. */
    const allowed = ["core/kernel/compare-and-set.ts", "core/kernel/ports.ts", "core/kernel/service-ports.ts"];
    expect(
      offenders(
        core.filter((file) => !allowed.includes(file)),
        (text) => /\b(async|await|Promise)\b/.test(codeOf(text)),
      ),
    ).toEqual([]);
  });
});

describe("papers", () => {
  const papers = [...globSync("*.md"), ...globSync("docs/**/*.md"), "localstack/README.md"].filter((file) => existsSync(file));

  it("name only files that exist", () => {
    const named =
      /`((?:core|adapters|functions|statemachines|agent|cli|infra|layers|localstack|bench|test|docs|examples|schemas)\/[A-Za-z0-9_./-]*\.[a-z0-9]+)`/g;
    const missing = papers.flatMap((paper) =>
      [...read(paper).matchAll(named)].flatMap(([, path]) => (path && !existsSync(path) ? [`${paper}: ${path}`] : [])),
    );
    expect(missing).toEqual([]);
  });

  it("link only to files that exist", () => {
    const link = /\]\((?!https?:|#|mailto:)([^)#\s]+)/g;
    const broken = papers.flatMap((paper) => {
      const folder = paper.includes("/") ? paper.slice(0, paper.lastIndexOf("/")) : ".";
      return [...read(paper).matchAll(link)].flatMap(([, path]) => (path && !existsSync(`${folder}/${path}`) ? [`${paper}: ${path}`] : []));
    });
    expect(broken).toEqual([]);
  });
});
