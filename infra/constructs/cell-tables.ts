/**
 * The two tables. The registry holds who holds what, so it is strongly consistent wherever it is read: one Region, or a
 * global table in exactly three. The vitals hold what may be lost, each Region its own.
 *
 * Both are encrypted at rest by a key that DynamoDB owns, on purpose: a customer's key is one more thing that can be
 * disabled, throttled or lost in a Region, and then no lease could be renewed there and no role would have a holder. What
 * the tables hold is no secret from whoever administers the account; operators' tokens are kept only as Argon2id hashes.
 */
import { AttributeType, Billing, MultiRegionConsistency, TableEncryptionV2, type TablePropsV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import { resourceNames } from "../../core/kernel/names.ts";
import type { Deployment } from "../deployment.ts";

function common({ rehearsal, removalPolicy }: Deployment): TablePropsV2 {
  return {
    partitionKey: { name: "pk", type: AttributeType.STRING },
    sortKey: { name: "sk", type: AttributeType.STRING },
    /** On demand: a failover is a burst that no provisioned figure would have foreseen. */
    billing: Billing.onDemand(),
    encryption: TableEncryptionV2.dynamoOwnedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: !rehearsal,
    removalPolicy,
  };
}

/** In the home Region's stack only; the other observers' replicas come with it. */
export function declareRegistry(scope: Construct, deployment: Deployment): TableV2 {
  const { home, observers, witness } = deployment.fleet.regions;
  const replicas = deployment.rehearsal ? [] : observers.filter((region) => region !== home);
  const strong: Pick<TablePropsV2, "replicas" | "multiRegionConsistency" | "witnessRegion"> = {
    replicas: replicas.map((region) => ({ region })),
    multiRegionConsistency: MultiRegionConsistency.STRONG,
    ...(witness === undefined ? {} : { witnessRegion: witness }),
  };
  return new TableV2(scope, "Registry", {
    ...common(deployment),
    tableName: resourceNames(deployment.fleet.fleet).registryTable,
    ...(replicas.length > 0 ? strong : {}),
  });
}

export function declareVitals(scope: Construct, deployment: Deployment): TableV2 {
  return new TableV2(scope, "Vitals", {
    ...common(deployment),
    tableName: resourceNames(deployment.fleet.fleet).vitalsTable,
    timeToLiveAttribute: "expiresAtS",
  });
}
