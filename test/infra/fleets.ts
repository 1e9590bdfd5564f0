/** Fleet files that no example is: as large as the file's limits take. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { Fleet } from "../../core/kernel/fleet.ts";
import { projectRoot } from "../../infra/bundle.ts";
import { type Synthesis, synthesize } from "./synthesis.ts";

export const PAIR = join(projectRoot, "examples", "validator-pair.fleet.yaml");
export const NETWORK = join(projectRoot, "examples", "synnergy-network.fleet.yaml");
/** The fleet file's own limits: as many roles as it takes, under names as long as it takes. */
export const ROLES = 32;
const NAME_CHARACTERS = 32;
/** The longest that leaves the buckets theirs. */
const NAME_CHARACTERS_WITH_VAULT = 20;
/** The most copies that a vault takes, one of them where watchers are. */
const COPIES = [
  "eu-west-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ap-southeast-3",
  "ap-southeast-4",
  "ap-southeast-5",
  "ap-southeast-7",
  "ap-northeast-1",
];

/** The pair with 32 roles of 32 characters each, in a fleet whose own name is as long as it may be. */
export async function synthesizeLargest(has: "nothing" | "vault" | "backups"): Promise<Synthesis> {
  const fleet = Fleet.parse(parse(readFileSync(PAIR, "utf8")));
  const [role] = fleet.roles;
  const roles = Array.from({ length: ROLES }, (_, index) => ({ ...role, name: `r${String(index).padStart(NAME_CHARACTERS - 1, "0")}` }));
  const backups = { directories: ["frankfurt", "dublin"], ledger: {}, drill: { node: "dublin" } };
  const vault = has === "nothing" ? undefined : { replicas: COPIES, ...(has === "backups" ? { backups } : {}) };
  const folder = mkdtempSync(join(tmpdir(), "synnergy-largest-"));
  try {
    const file = join(folder, "largest.fleet.yaml");
    const characters = vault === undefined ? NAME_CHARACTERS : NAME_CHARACTERS_WITH_VAULT;
    writeFileSync(file, JSON.stringify({ ...fleet, fleet: "f".padEnd(characters, "f"), roles, vault }));
    return await synthesize(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
