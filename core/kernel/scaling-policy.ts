/**
 * What the fleet file says of capacity: which groups of units there are, who starts and stops them, what their demand is, how much of it
 * a unit carries, how scarce capacity may get, and what may join the fleet without being written in its file.
 */
import * as z from "zod";
import { UNITS_MAX } from "./capacity.ts";
import { GroupName, PublicKey, RegionName, RoleName } from "./ids.ts";
import { Mode } from "./mode.ts";

/** AWS ends an instance's wait at its lifecycle hook after 48 hours, whatever heartbeats it is given. */
const START_SECONDS_MAX = 172_800;
/** As the bench `capacity` is run with: about 0.03 % of minutes short on World Cup 98. */
const RISK = 0.0006;
const AWS_NAME = /^[A-Za-z0-9_-]{1,255}$/;

const AutoScalingGroup = z
  .strictObject({
    kind: z.literal("asg"),
    name: z.string().regex(/^[A-Za-z0-9_.-]{1,255}$/, "an Auto Scaling group's name of letters, digits, '.', '-' and '_'"),
    region: RegionName,
    lifecycleHook: z
      .string()
      .regex(/^[A-Za-z0-9_/-]{1,255}$/)
      .meta({ description: "Its hook on launch, with ABANDON as the default result: an instance waits there until its node has caught up." }),
  })
  .meta({ description: "An EC2 Auto Scaling group whose new instances are protected from scale-in." });

const EcsService = z
  .strictObject({
    kind: z.literal("ecs"),
    cluster: z.string().regex(AWS_NAME, "a cluster's name, not its ARN"),
    service: z.string().regex(AWS_NAME, "a service's name, not its ARN"),
    region: RegionName,
  })
  .meta({ description: "An ECS service with rolling deployments, in which nothing else scales." });

const Webhook = z
  .strictObject({
    kind: z.literal("webhook"),
    url: z.url({ protocol: /^https?$/ }).max(2_048),
    key: PublicKey.meta({ description: "The receiver's: it signs its answers with it." }),
    tlsSha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .meta({ description: "SHA-256 of the receiver's TLS certificate (DER), pinned." }),
  })
  .meta({ description: "Anything that answers signed requests (docs/capacity.md); the rehearsal's nodes are started and stopped by one." });

const Actuator = z.discriminatedUnion("kind", [AutoScalingGroup, EcsService, Webhook]);
export type Actuator = z.infer<typeof Actuator>;

const Serves = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("role"), role: RoleName }).meta({ description: "Its units stand by for the role, and share its demand." }),
  z
    .strictObject({
      kind: z.literal("purpose"),
      purpose: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "1 to 32 of a-z, 0-9 and '-', starting with a letter"),
    })
    .meta({ description: "Its units hold no role: they answer RPC, say, or keep an archive." }),
]);

const CloudWatchMetric = z.strictObject({
  kind: z.literal("cloudwatch"),
  region: RegionName,
  namespace: z.string().min(1).max(255),
  metric: z.string().min(1).max(255),
  dimensions: z
    .array(z.strictObject({ name: z.string().min(1).max(255), value: z.string().min(1).max(1_024) }))
    .max(30)
    .default([]),
  statistic: z.enum(["Average", "Maximum", "Minimum", "Sum", "SampleCount"]).default("Sum"),
  periodSeconds: z.int().min(60).max(3_600).multipleOf(60).default(60),
});

const Demand = z.discriminatedUnion("kind", [
  z
    .strictObject({ kind: z.literal("signal"), signal: z.enum(["requestsPerSecond", "pendingTransactions"]) })
    .meta({ description: "Summed over the role's nodes, or over the group's own where it serves a purpose." }),
  CloudWatchMetric,
]);
export type Demand = z.infer<typeof Demand>;

/** Bounded, so that whoever can start a unit cannot bring in whatever they like. */
const Joins = z.strictObject({
  idPrefix: z.string().regex(/^[a-z][a-z0-9-]{0,23}$/, "1 to 24 of a-z, 0-9 and '-', starting with a letter"),
  regions: z.array(RegionName).min(1).max(8),
  zones: z.array(z.string().min(1).max(64)).min(1).max(32),
  max: z
    .int()
    .min(1)
    .max(UNITS_MAX)
    .meta({ description: "So many of the group's nodes may be in the registry at once. Not less than the group's max." }),
});

const Group = z.strictObject({
  name: GroupName,
  serves: Serves,
  actuator: Actuator,
  mode: Mode.default("recommend").meta({
    description: "shadow: decisions are only written down. recommend: people are told. approve: a person decides. auto: capacity moves.",
  }),
  min: z.int().min(0).max(UNITS_MAX),
  max: z.int().min(1).max(UNITS_MAX),
  unitCapacity: z.number().positive().max(1e12).meta({ description: "How much of the demand one unit carries, in the demand's own unit." }),
  demand: Demand,
  targetShare: z
    .number()
    .min(0.1)
    .max(0.95)
    .default(0.7)
    .meta({ description: "Of what a unit carries, so much is planned with while measured demand decides. A forecast leaves room by its risk." }),
  risk: z
    .number()
    .min(0.0001)
    .max(0.2)
    .default(RISK)
    .meta({ description: "A forecast asks for one more unit as long as that takes away so much chance of being short in a minute, or more." }),
  startSeconds: z.int().min(5).max(START_SECONDS_MAX).default(300).meta({
    description: "From the order to serving, until it has been measured here. A unit that is not ready after three times this is abandoned.",
  }),
  everySeconds: z.int().min(5).max(3_600).default(60).meta({ description: "How often it is decided anew." }),
  cooldownSeconds: z.int().min(0).max(86_400).default(900).meta({ description: "After any change so long none is taken away." }),
  joins: Joins,
});
export type ScalingGroup = z.infer<typeof Group>;

export const Scaling = z.strictObject({ groups: z.array(Group).min(1).max(16) });
export type Scaling = z.infer<typeof Scaling>;
