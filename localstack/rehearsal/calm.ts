/** When a rehearsal is calm, so that what follows is caused by what is done next: stories and benches begin and end with it. */
import { waitFor } from "../wait-for.ts";
import { REGIONS, type Rehearsal } from "./open-rehearsal.ts";

/** A killed node is empty when it starts again and its probation is tens of seconds of good behaviour. */
export const CALM_MS_MAX = 150_000;

/** Everything answers, everybody is a member, the holder signs, nothing is open: a story must not begin in another's ruins. */
export async function untilCalm({ registry, network, fleet }: Rehearsal, when: string): Promise<void> {
  let missing = "";
  const look = async (): Promise<boolean> => {
    const [verdicts, standings, leases, cells, preemptions] = await Promise.all([
      registry.list("verdict", { limit: 1_000 }),
      registry.list("standing", { limit: 1_000 }),
      registry.list("lease", { limit: 10 }),
      registry.list("roleIncident", { limit: 10 }),
      registry.list("preemption", { limit: 100 }),
    ]);
    const ill = verdicts.filter(({ value }) => value.kind !== "healthy").map(({ value }) => `${value.observer} calls ${value.node} ${value.kind}`);
    const out = standings.filter(({ value }) => value.standing !== "member").map(({ value }) => `${value.node} is ${value.standing}`);
    const held = leases.some(({ value }) => value.state === "held" && value.boot !== null);
    const open = cells.flatMap(({ value }) => (value.open === null ? [] : [`incident ${value.open} is open`]));
    const foretold = preemptions.flatMap(({ value }) => (value.endedAtMs === null ? [`a fault of ${value.node} is foretold`] : []));
    const { slot, nodes } = network.snapshot();
    const behind = nodes.filter((node) => node.slot < slot - 2).map(({ id }) => `${id} has no new block`);
    missing = [...ill, ...out, ...open, ...foretold, ...behind, ...(held ? [] : ["the role is not held"])].join("; ");
    return missing === "" && verdicts.length === fleet.nodes.length * REGIONS.length;
  };
  await waitFor(() => `calm ${when} (${missing})`, CALM_MS_MAX, look);
}
