/** What is wrong with one field of a fleet file: where it stands, what was found there and what is allowed. */
export type FleetFault = { readonly path: readonly (string | number)[]; readonly found: string; readonly allowed: string };
