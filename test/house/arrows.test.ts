import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cruise } from "./cruise.ts";

/** Below this it has not read TypeScript: the tree has had more since its first week. */
const MODULES_MIN = 50;

const root = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "synnergy-arrows-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Rules = { forbidden: { name: string }[] };
const { forbidden } = createRequire(import.meta.url)(join(root, ".dependency-cruiser.cjs")) as Rules;

/** For each rule: a file, and an import that it must not make. */
const PLANTED: Record<string, readonly [from: string, to: string]> = {
  "core-imports-only-inward": ["core/failover/decide.ts", "adapters/clock.ts"],
  "adapters-imports-only-inward": ["adapters/clock.ts", "functions/failover/act.ts"],
  "layers-imports-only-inward": ["layers/build.ts", "core/kernel/ids.ts"],
  "functions-imports-only-inward": ["functions/failover/act.ts", "cli/ha.ts"],
  "agent-imports-only-inward": ["agent/main.ts", "functions/failover/act.ts"],
  "cli-imports-only-inward": ["cli/ha.ts", "localstack/start.ts"],
  "schemas-imports-only-inward": ["schemas/generate.ts", "adapters/clock.ts"],
  "infra-imports-only-inward": ["infra/app.ts", "functions/failover/act.ts"],
  "localstack-imports-only-inward": ["localstack/start.ts", "functions/failover/act.ts"],
  "bench-imports-only-inward": ["bench/run.ts", "test/support/clock.ts"],
  "core-is-pure": ["core/kernel/ids.ts", "node:fs"],
  "core-modules-meet-in-the-kernel": ["core/failover/decide.ts", "core/backup/plan.ts"],
  "the-kernel-stands-alone": ["core/kernel/ids.ts", "core/failover/decide.ts"],
  "function-modules-keep-apart": ["functions/failover/act.ts", "functions/backup/copy.ts"],
  "what-functions-share-is-no-modules": ["functions/lambda.ts", "functions/backup/copy.ts"],
  "functions-share-four-files": ["functions/backup/copy.ts", "functions/waiting.ts"],
  "infra-declares-and-does-not-decide": ["infra/app.ts", "core/failover/decide.ts"],
  "nothing-ships-what-only-develops": ["cli/ha.ts", "fast-check"],
  "every-import-exists": ["cli/ha.ts", "./nowhere.ts"],
};

function plant(name: string, [from, to]: readonly [string, string], typeOnly: boolean): string {
  const tree = join(folder, `${name}${typeOnly ? "-types" : ""}`);
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  };
  const ours = /^[a-z]+\/.*\.ts$/.test(to);
  if (ours) write(to, "export type Thing = string;\nexport const thing: Thing = 'x';\n");
  const path = ours ? relative(dirname(from), to) : to;
  const specifier = !ours || path.startsWith(".") ? path : `./${path}`;
  const named = ours ? (typeOnly ? "type { Thing }" : "{ thing }") : "* as thing";
  write(from, `import ${named} from "${specifier}";\nexport const used = ${typeOnly ? "'x' as Thing" : "thing"};\n`);
  copyFileSync(join(root, "package.json"), join(tree, "package.json"));
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  return tree;
}

describe("the arrows between rings and modules", () => {
  it("hold in the whole tree, which was really read", async () => {
    const { modules, violations } = await cruise(root);
    expect(modules).toBeGreaterThan(MODULES_MIN);
    expect(violations).toEqual([]);
  });

  it("leave no rule without a planted import that breaks it, but for the ring that may import everything", () => {
    const untried = forbidden.map(({ name }) => name).filter((name) => !Object.hasOwn(PLANTED, name));
    expect(untried).toEqual(["test-imports-only-inward"]);
  });

  it.each(Object.keys(PLANTED))("are broken by an import that %s forbids", async (name) => {
    const pair = PLANTED[name] ?? ["", ""];
    const { violations } = await cruise(plant(name, pair, false), root);
    expect(violations.map(({ rule }) => rule)).toContain(name);
  });

  it("are broken by an import of a type as well, which leaves no trace at run time", async () => {
    const { violations } = await cruise(plant("types", ["cli/ha.ts", "localstack/start.ts"], true), root);
    expect(violations.map(({ rule }) => rule)).toContain("cli-imports-only-inward");
  });
});
