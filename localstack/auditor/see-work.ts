/**
 * Reads from the hosts' own disks what each agent has on its desk and what is served beside it, at one instant: every file is read twice, and
 * the look counts only if nothing changed between. (A double collect: Afek, Attiya, Dolev, Gafni, Merritt, Shavit, "Atomic snapshots of
 * shared memory", J. ACM 40 (1993).)
 */
import { readFileSync } from "node:fs";
import * as z from "zod";
import { NodeId } from "../../core/kernel/ids.ts";
import { WorkItems } from "../../core/kernel/work-trade.ts";
import { Desk } from "../../core/scaling/autonomous-resource-optimization/desk.ts";
import { workFilesOf } from "../network/host-limits.ts";

/** A trade changes four files within a second; reading all takes a few milliseconds. */
const TRIES_MAX = 100;

const Served = z.object({ items: z.array(WorkItems.element.pick({ id: true, units: true })) });
const Document = z.object({ body: z.object({ desk: Desk }) });

export type SeenHost = { readonly node: NodeId; readonly desk: Desk; readonly servedIds: readonly string[] };
export type SeenWork = readonly SeenHost[];

/** Throws where the files never stand still, or one is not there. */
export function seeWork(folder: string, ids: readonly string[]): SeenWork {
  const readAll = (): { desk: string; served: string }[] =>
    ids.map((id) => {
      const { desk, served } = workFilesOf(folder, id);
      return { desk: readFileSync(desk, "utf8"), served: readFileSync(served, "utf8") };
    });
  let before = readAll();
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const now = readAll();
    if (JSON.stringify(now) === JSON.stringify(before)) return now.map((texts, index) => hostOf(NodeId.parse(ids[index]), texts));
    before = now;
  }
  throw new Error(`the desks changed under ${TRIES_MAX} looks`);
}

/** The second line of a durable file is its document (adapters/durable-file.ts). */
function hostOf(node: NodeId, { desk, served }: { desk: string; served: string }): SeenHost {
  const [, document = ""] = desk.split("\n");
  const { body } = Document.parse(JSON.parse(document));
  return { node, desk: body.desk, servedIds: Served.parse(JSON.parse(served)).items.map(({ id }) => id) };
}
