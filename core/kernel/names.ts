/**
 * The AWS names of a fleet's parts, the same in every Region, so that stacks, functions and the CLI find each other
 * from the fleet's name alone. The registry's name is also its identity: a table restored from a backup has another.
 */
export function resourceNames(fleet: string) {
  const prefix = `synnergy-${fleet}`;
  return {
    stack: (region: string) => `${prefix}-${region}`,
    registryTable: `${prefix}-registry`,
    vitalsTable: `${prefix}-vitals`,
    bus: prefix,
    authorityAlias: `alias/${prefix}-authority`,
    stateMachine: `${prefix}-failover`,
    function: (verbNoun: string) => `${prefix}-${verbNoun}`,
    dashboard: prefix,
    metricsNamespace: "SynnergyHA",
  } as const;
}
