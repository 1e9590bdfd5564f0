/**
 * Where a registry may live that must never answer with an old lease. One Region is always consistent with itself;
 * several are only so as a strongly consistent global table, which DynamoDB offers in exactly three Regions of one set:
 * three replicas, or two replicas and a witness that holds the changes but answers nobody.
 * Source: the DynamoDB developer guide, "Multi-Region strong consistency".
 */

/** The sets within which DynamoDB offers strong consistency. A table cannot span two of them. */
export const REGION_SETS = {
  US: ["us-east-1", "us-east-2", "us-west-2"],
  EU: ["eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"],
  AP: ["ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
} as const satisfies Record<string, readonly string[]>;

/** Two of three make a majority; DynamoDB takes neither fewer nor more. */
export const STRONG_REGIONS = 3;

/**
 * What stands against a strongly consistent registry in these Regions (replicas and witness together), one sentence a
 * fault; an empty list means that DynamoDB takes it. A single Region needs no global table and has no faults.
 */
export function strongConsistencyFaults(regions: readonly string[]): string[] {
  const distinct = [...new Set(regions)];
  const faults = distinct
    .filter((region) => regions.filter((other) => other === region).length > 1)
    .map((region) => `${region} is named twice; each replica and the witness need a Region of their own.`);
  if (distinct.length === 1 && regions.length === 1) return faults;
  if (distinct.length !== STRONG_REGIONS) {
    faults.push(
      `a registry over ${distinct.length} Regions (${distinct.join(", ") || "none"}) cannot be strongly consistent; DynamoDB takes one Region, or exactly ${STRONG_REGIONS}: three observers, or two observers and a witness.`,
    );
  }
  return faults.concat(setFaults(distinct));
}

function setFaults(regions: readonly string[]): string[] {
  const sets = Object.entries(REGION_SETS).map(([name, members]) => ({ name, members: members as readonly string[] }));
  const known = (region: string) => sets.find((set) => set.members.includes(region));
  const offered = sets.map((set) => `${set.name}: ${set.members.join(", ")}`).join("; ");
  const unknown = regions.filter((region) => !known(region)).map((region) => `${region} offers no strongly consistent tables. Offered: ${offered}.`);
  const used = [...new Set(regions.flatMap((region) => known(region)?.name ?? []))];
  if (used.length > 1)
    unknown.push(
      `${regions.join(", ")} lie in different Region sets (${used.join(", ")}); a strongly consistent table stays in one. Offered: ${offered}.`,
    );
  return unknown;
}
