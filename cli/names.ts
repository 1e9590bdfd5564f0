/** Turns what somebody typed into a role, a node or an incident that exists, or says which ones do and what was perhaps meant. */
import type { Incident } from "../core/kernel/incident.ts";
import { isOpen } from "../core/kernel/incident.ts";
import { nearest } from "../core/kernel/nearest-name.ts";
import type { Registry } from "../core/kernel/ports.ts";
import type { Operations } from "./command.ts";
import { CommandFailed, EXIT } from "./exit-codes.ts";

/** The fleet file's limits: 500 nodes seen by three observers come in pages of the registry's limit. */
export const LIST_MAX = 1_000;
/** Longer lists of what exists help nobody. */
const NAMED_MAX = 20;

export function noSuch(what: string, found: string, known: readonly string[], next?: string): CommandFailed {
  const shown = known.length > NAMED_MAX ? `${known.slice(0, NAMED_MAX).join(", ")} and ${known.length - NAMED_MAX} more` : known.join(", ");
  const exists = known.length === 0 ? "none exists" : `there ${known.length === 1 ? "is" : "are"} ${shown}`;
  return new CommandFailed({
    code: EXIT.notFound,
    sentence: `there is no ${what} "${found}"${nearest(found, known)}; ${exists}.`,
    ...(next === undefined ? {} : { next }),
  });
}

/** The roles that exist: by the fleet file, else by their leases. */
export async function roleNames({ fleet, registry }: Pick<Operations, "fleet" | "registry">): Promise<string[]> {
  if (fleet !== null) return fleet.roles.map((role) => role.name);
  return (await registry.list("lease", { limit: LIST_MAX })).map(({ value }) => value.role);
}

export async function requireRole(operations: Pick<Operations, "fleet" | "registry">, typed: string): Promise<string> {
  const known = await roleNames(operations);
  if (known.includes(typed)) return typed;
  throw noSuch("role", typed, known, "`ha status` shows the fleet's roles.");
}

/** A node that may hold the role; without a fleet file any node that was ever judged. */
export async function requireMember({ fleet, registry }: Pick<Operations, "fleet" | "registry">, role: string, typed: string): Promise<string> {
  const members = fleet?.roles.find((each) => each.name === role)?.members;
  const known: string[] = members ?? [...new Set((await registry.list("verdict", { limit: LIST_MAX })).map(({ value }) => value.node))];
  if (known.includes(typed)) return typed;
  const isNode = fleet?.nodes.some((node) => node.id === typed) === true;
  if (isNode)
    throw noSuch(`member of role ${role} named`, typed, known, "Add it to the role's members in the fleet file and deploy, or name one of these.");
  throw noSuch("node", typed, known, "`ha nodes` shows the fleet's nodes.");
}

/** By id; `latest`, the newest of all; or a role's name, its open one or else its last. */
export async function requireIncident(registry: Registry, typed: string): Promise<Incident> {
  const exact = typed.includes("-") ? await registry.read("incident", typed) : null;
  if (exact?.kind === "found") return exact.value;
  const all = await newestIncidents(registry);
  const ofRole = all.filter((incident) => incident.role === typed);
  const found = typed === "latest" ? all[0] : (ofRole.find((incident) => isOpen(incident.status)) ?? ofRole[0]);
  if (found !== undefined) return found;
  if (typed === "latest")
    throw new CommandFailed({ code: EXIT.notFound, sentence: "there was no incident yet.", next: "`ha status` shows how the fleet is." });
  throw noSuch(
    "incident",
    typed,
    all.map((incident) => incident.id),
    "`ha incidents` lists them; `latest` and a role's name work as well.",
  );
}

/**
 * Newest first, by when they were opened. Ids sort by role first, so where one listing does not hold them all, each role that
 * ever had one is asked for its own newest.
 */
export async function newestIncidents(registry: Registry): Promise<Incident[]> {
  const all = await registry.list("incident", { limit: LIST_MAX, newestFirst: true });
  const listed = all.length < LIST_MAX ? all : await newestByRole(registry);
  return listed.map(({ value }) => value).sort((a, b) => b.openedAtMs - a.openedAtMs || (a.id < b.id ? 1 : -1));
}

async function newestByRole(registry: Registry) {
  const roles = await registry.list("roleIncident", { limit: LIST_MAX });
  const lists = await Promise.all(roles.map(({ key }) => registry.list("incident", { prefix: `${key}-2`, limit: BY_ROLE_MAX, newestFirst: true })));
  return lists.flatMap((cells, index) => cells.filter(({ value }) => value.role === roles[index]?.key));
}

/** A quarter of a year of one failover a day; who looks further back names the id. */
const BY_ROLE_MAX = 100;
