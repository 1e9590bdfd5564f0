/** A function that was deployed wrongly says which variable is wrong before it does anything. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseFleet } from "../../adapters/fleet-yaml.ts";
import { assembleWorld } from "../../adapters/world.ts";
import { ENVIRONMENT, FLEET_FILE } from "../../core/kernel/environment.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-world-"));
const GOOD = {
  AWS_REGION: "us-west-2",
  LAMBDA_TASK_ROOT: folder,
  [ENVIRONMENT.fleet]: "rehearsal",
  [ENVIRONMENT.registryTable]: "synnergy-rehearsal-registry",
  [ENVIRONMENT.registryRegion]: "us-east-1",
  [ENVIRONMENT.vitalsTable]: "synnergy-rehearsal-vitals",
  [ENVIRONMENT.busName]: "synnergy-rehearsal",
  [ENVIRONMENT.module]: "failover",
  [ENVIRONMENT.authorityKey]: "arn:aws:kms:us-west-2:000000000000:key/1",
};

beforeAll(() => {
  const example = join(import.meta.dirname, "../../examples/rehearsal.fleet.yaml");
  const read = parseFleet(readFileSync(example, "utf8"), example);
  if (read.kind === "invalid") throw new Error(read.faults.join("\n"));
  writeFileSync(join(folder, FLEET_FILE), JSON.stringify(read.fleet));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a function's world", () => {
  it("is put together from the environment and the fleet laid beside the code, and names its registry by its table", () => {
    const world = assembleWorld(GOOD);
    expect([world.fleet.fleet, world.region, world.registry.name]).toEqual(["rehearsal", "us-west-2", "synnergy-rehearsal-registry"]);
  });

  it("has a history where it was told of its bucket, named metrics where the fleet names some, and neither otherwise", async () => {
    const plain = assembleWorld(GOOD);
    expect([plain.history, plain.namedMetrics]).toEqual([null, null]);
    const told = assembleWorld({ ...GOOD, [ENVIRONMENT.historyBucket]: "synnergy-rehearsal-history-000000000000-us-west-2" });
    expect((await told.history?.())?.name).toBe("s3://synnergy-rehearsal-history-000000000000-us-west-2");
  });

  it("finds models in the bucket that it was told of, and nowhere where it was not", async () => {
    expect(assembleWorld(GOOD).models).toBeNull();
    const told = assembleWorld({ ...GOOD, [ENVIRONMENT.modelBucket]: "synnergy-rehearsal-history-000000000000-us-east-1" });
    expect((await told.models?.())?.name).toBe("s3://synnergy-rehearsal-history-000000000000-us-east-1");
    expect(told.history).toBeNull();
  });

  it.each(Object.keys(GOOD).filter((name) => name !== "LAMBDA_TASK_ROOT"))("is refused without %s", (name) => {
    expect(() => assembleWorld({ ...GOOD, [name]: undefined })).toThrow(/environment .* is not valid/);
  });

  it("is refused with another fleet's file", () => {
    expect(() => assembleWorld({ ...GOOD, [ENVIRONMENT.fleet]: "other" })).toThrow(/it is the fleet rehearsal's/);
  });
});
