/** Argon2id: what it takes, what it refuses, and that the layer holds all that it needs. */
import { spawnSync } from "node:child_process";
import { argon2Sync } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ARGON2, deriveKey, hashToken, verifyToken } from "../../adapters/argon2-layer.ts";
import { projectRoot } from "../../infra/bundle.ts";
import { buildArgon2Layer } from "../../layers/argon2/build.ts";

/** Each run costs 60 ms or more on purpose; a handful shows the law. */
const FEW = { numRuns: 5 };
const CHEAP = { memoryKiB: 19 * 1024, passes: 2, lanes: 1 };
const salt = Buffer.from("0123456789abcdef");
const token = fc.string({ minLength: 1, maxLength: 64 });

describe("a token's hash", () => {
  it("matches its own token and no other", async () => {
    await fc.assert(
      fc.asyncProperty(token, token, async (given, other) => {
        const hash = await hashToken(given);
        expect(await verifyToken(hash, given)).toBe(true);
        expect(await verifyToken(hash, other)).toBe(given === other);
      }),
      FEW,
    );
  });

  it("differs each time, and never holds the token", async () => {
    const [first, second] = await Promise.all([hashToken("open-sesame"), hashToken("open-sesame")]);
    expect(first).not.toBe(second);
    expect(first).toMatch(new RegExp(`^\\$argon2id\\$v=19\\$m=${ARGON2.memoryKiB},`));
    expect(first).not.toContain("open-sesame");
  });

  it("is refused where a stored hash asks for less than the floor or more than the ceiling, or is no Argon2id", async () => {
    const hash = await hashToken("open-sesame");
    const spoiled = [
      hash.replace("m=65536", "m=1024"),
      hash.replace("m=65536", "m=99999999"),
      hash.replace("t=3", "t=1"),
      hash.replace("t=3", "t=9999"),
      hash.replace("p=4", "p=64"),
      hash.replace("argon2id", "argon2i"),
      hash.replace("v=19", "v=16"),
      "",
      "$argon2id$",
    ];
    for (const each of spoiled) {
      expect(each).not.toBe(hash);
      await expect(verifyToken(each, "open-sesame"), each).rejects.toMatchObject({ name: "Argon2ParametersRefused" });
    }
  });

  it("does not match an empty or an oversized token", async () => {
    const hash = await hashToken("open-sesame");
    expect(await verifyToken(hash, "")).toBe(false);
    expect(await verifyToken(hash, "x".repeat(1_025))).toBe(false);
  });
});

describe("a derived key", () => {
  it("is 32 bytes, the same for the same passphrase, salt and parameters, and another when any of them changes", async () => {
    const key = await deriveKey("passphrase", salt, CHEAP);
    expect(key.byteLength).toBe(32);
    expect(await deriveKey("passphrase", salt, CHEAP)).toEqual(key);
    expect(await deriveKey("passphrasf", salt, CHEAP)).not.toEqual(key);
    expect(await deriveKey("passphrase", Buffer.from("0123456789abcdeg"), CHEAP)).not.toEqual(key);
    expect(await deriveKey("passphrase", salt, { ...CHEAP, passes: 3 })).not.toEqual(key);
  });

  it("is the one that another implementation of Argon2id derives", async () => {
    const { memoryKiB, passes, lanes } = CHEAP;
    await fc.assert(
      fc.asyncProperty(token, fc.uint8Array({ minLength: 16, maxLength: 64 }), async (passphrase, nonce) => {
        const expected = argon2Sync("argon2id", { message: passphrase, nonce, parallelism: lanes, tagLength: 32, memory: memoryKiB, passes });
        expect(await deriveKey(passphrase, nonce, CHEAP)).toEqual(expected);
      }),
      FEW,
    );
  });

  it("is refused for parameters outside the limits, whatever they are", async () => {
    const outside = fc
      .record({ memoryKiB: fc.integer(), passes: fc.integer(), lanes: fc.integer() })
      .filter(({ memoryKiB }) => memoryKiB < 19 * 1024 || memoryKiB > 256 * 1024);
    await fc.assert(
      fc.asyncProperty(outside, async (parameters) => {
        await expect(deriveKey("passphrase", salt, parameters)).rejects.toMatchObject({ name: "Argon2ParametersRefused" });
      }),
    );
    await expect(deriveKey("passphrase", Buffer.alloc(8), CHEAP)).rejects.toMatchObject({ name: "Argon2ParametersRefused" });
    await expect(deriveKey("", salt, CHEAP)).rejects.toMatchObject({ name: "Argon2ParametersRefused" });
  });
});

describe("the layer", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "synnergy-layer-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    { platform: "linux", architecture: "arm64" },
    { platform: "linux", architecture: "x64" },
  ] as const)("carries one binary, that of $platform-$architecture", (machine) => {
    const layer = buildArgon2Layer(join(folder, machine.architecture), machine);
    const prebuilds = join(layer, "nodejs", "node_modules", "argon2", "prebuilds");
    expect(readdirSync(prebuilds)).toEqual([`${machine.platform}-${machine.architecture}`]);
    expect(readdirSync(join(prebuilds, `${machine.platform}-${machine.architecture}`))).toHaveLength(1);
    expect(existsSync(join(layer, "nodejs", "node_modules", "argon2", "argon2"))).toBe(false);
  });

  it("is all that the adapter needs where no package of ours is installed", () => {
    const machine = {
      platform: process.platform === "darwin" ? "darwin" : "linux",
      architecture: process.arch === "arm64" ? "arm64" : "x64",
    } as const;
    const layer = buildArgon2Layer(join(folder, "here"), machine);
    const bare = join(folder, "bare", "adapters");
    mkdirSync(join(folder, "bare", "core", "kernel"), { recursive: true });
    cpSync(join(projectRoot, "adapters", "argon2-layer.ts"), join(bare, "argon2-layer.ts"));
    cpSync(join(projectRoot, "core", "kernel", "errors.ts"), join(folder, "bare", "core", "kernel", "errors.ts"));
    const program = `import { hashToken, verifyToken } from ${JSON.stringify(join(bare, "argon2-layer.ts"))}; process.stdout.write(String(await verifyToken(await hashToken("a"), "a")));`;
    const run = (nodePath: string) =>
      spawnSync(process.execPath, ["--input-type=module", "-e", program], { cwd: folder, env: { NODE_PATH: nodePath }, encoding: "utf8" });
    expect(run(join(layer, "nodejs", "node_modules")).stdout).toBe("true");
    expect(run("").stderr).toContain("Cannot find module 'argon2'");
  });
});
