/**
 * What a synth is asked for: which fleet, and whether this is AWS or a rehearsal on a local emulator. Every difference
 * between the two is a field here, so that nothing in the stacks asks "am I local?" twice.
 */
import { RemovalPolicy } from "aws-cdk-lib";
import { Architecture } from "aws-cdk-lib/aws-lambda";
import type { Node as ConstructNode } from "constructs";
import type { Fleet, Vault } from "../core/kernel/fleet.ts";
import type { LayerMachine } from "../layers/argon2/build.ts";

export const DEFAULT_FLEET_FILE = "examples/rehearsal.fleet.yaml";

export type Deployment = {
  readonly fleet: Fleet;
  readonly rehearsal: boolean;
  /** The machine that the functions run on: Graviton on AWS (a fifth cheaper), this host in a rehearsal. */
  readonly machine: LayerMachine;
  readonly architecture: Architecture;
  /** RETAIN on AWS: deleting a stack must not delete who holds a role. */
  readonly removalPolicy: RemovalPolicy;
  /** Governance in a rehearsal, whatever the fleet file says: its buckets go with it, and nobody can empty one under compliance. */
  readonly vaultLockMode: Vault["lockMode"];
  /** The Region whose registry a Region's functions use: its own replica on AWS, the home's only table in a rehearsal. */
  readonly registryRegionOf: (region: string) => string;
  /** Where the functions of a Region find AWS, when not at AWS. */
  readonly endpointOf: (region: string) => string | undefined;
};

export function deploymentFrom(context: ConstructNode, fleet: Fleet): Deployment {
  const rehearsal = isTrue(context.tryGetContext("rehearsal"));
  const machine: LayerMachine = rehearsal ? hostMachine() : { platform: "linux", architecture: "arm64" };
  return {
    fleet,
    rehearsal,
    machine,
    architecture: machine.architecture === "arm64" ? Architecture.ARM_64 : Architecture.X86_64,
    removalPolicy: rehearsal ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    vaultLockMode: rehearsal ? "governance" : (fleet.vault?.lockMode ?? "governance"),
    registryRegionOf: (region) => (rehearsal ? fleet.regions.home : region),
    endpointOf: (region) => {
      const endpoint: unknown = context.tryGetContext(`endpoint:${region}`);
      return typeof endpoint === "string" && endpoint.length > 0 ? endpoint : undefined;
    },
  };
}

/** The CLI hands every context value over as text. */
function isTrue(value: unknown): boolean {
  return value === true || value === "true";
}

function hostMachine(): LayerMachine {
  return { platform: process.platform === "darwin" ? "darwin" : "linux", architecture: process.arch === "arm64" ? "arm64" : "x64" };
}
