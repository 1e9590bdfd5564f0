/** What the fleet file says of foresight: how often it looks, how far ahead, how sure it must be, and how much it may do in an hour. */
import * as z from "zod";
import { Mode } from "./mode.ts";
import { NAMED_METRICS_MAX, NamedMetric } from "./named-metric.ts";

const DAY_S = 86_400;

/** Probabilities of failing within the horizon, at which each step may be taken. The record moves them within these bounds and no further. */
const Levels = z
  .strictObject({
    warn: z.number().min(0.05).max(0.95).default(0.3),
    drain: z.number().min(0.05).max(0.97).default(0.6),
    handOver: z.number().min(0.05).max(0.99).default(0.8),
  })
  .refine(({ warn, drain, handOver }) => warn < drain && drain < handOver, "warn < drain < handOver: each step asks for more than the one before");

export const PredictionPolicy = z.strictObject({
  mode: Mode.default("recommend").meta({
    description:
      "shadow: predictions are only written down and scored. recommend: people are warned. approve: a person decides. auto: the role moves.",
  }),
  everySeconds: z.int().min(1).max(300).default(60),
  horizonSeconds: z
    .int()
    .min(10)
    .max(DAY_S)
    .default(3_600)
    .meta({ description: "How far ahead is looked; a prediction is scored when this is over." }),
  levels: Levels.prefault({}),
  stepSeconds: z.int().min(0).max(3_600).default(120).meta({ description: "How long each step lasts before the next may follow." }),
  calmSeconds: z.int().min(0).max(DAY_S).default(300).meta({ description: "How long a node must look well before what was begun is cancelled." }),
  atOnceMax: z.int().min(1).max(64).default(1),
  perHourMax: z.int().min(1).max(100).default(2),
  cooldownSeconds: z.int().min(0).max(DAY_S).default(3_600),
  falseAlarmDays: z.number().min(0.01).max(365).default(10).meta({ description: "A node's metric may raise one false alarm in so many days." }),
  shiftSeconds: z
    .int()
    .min(10)
    .max(30 * DAY_S)
    .default(6 * 3_600)
    .meta({ description: "After so long a new level of a metric is its normal one." }),
  metrics: z
    .array(NamedMetric)
    .max(NAMED_METRICS_MAX)
    .default([])
    .meta({ description: "CloudWatch metrics that are signals of a node. Each costs money each time it is read." }),
});
export type PredictionPolicy = z.infer<typeof PredictionPolicy>;
