/** A CloudWatch metric that the fleet file names as a signal of a node, and what a look at it says. */
import * as z from "zod";
import { NodeId, RegionName } from "./ids.ts";

/** Each is asked for, and paid for, each time its period ends, by each observer (docs/cost.md). */
export const NAMED_METRICS_MAX = 100;
/** CloudWatch's own limit. */
const DIMENSIONS_MAX = 30;
const WHOLE_MINUTE_S = 60;

export const NamedMetric = z.strictObject({
  signal: z
    .string()
    .regex(/^[a-z][a-zA-Z0-9]{0,47}$/, "1 to 48 letters and digits, starting with a small letter")
    .meta({ description: "What the metric is called among the node's signals. None of the names that its vitals have." }),
  node: NodeId,
  region: RegionName.optional().meta({ description: "Where CloudWatch has it; the node's Region unless told otherwise." }),
  namespace: z.string().min(1).max(255).meta({ description: "Such as AWS/ApplicationELB." }),
  metric: z.string().min(1).max(255),
  dimensions: z
    .record(z.string().min(1).max(255), z.string().min(1).max(1_024))
    .default({})
    .refine((given) => Object.keys(given).length <= DIMENSIONS_MAX, `at most ${DIMENSIONS_MAX} dimensions`),
  statistic: z
    .string()
    .regex(
      /^(Average|Sum|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d{1,2})?)$/,
      "Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99",
    )
    .default("Average"),
  periodSeconds: z.int().min(WHOLE_MINUTE_S).max(3_600).multipleOf(WHOLE_MINUTE_S).default(WHOLE_MINUTE_S),
});
export type NamedMetric = z.infer<typeof NamedMetric>;

export type MetricPoint = { readonly atMs: number; readonly value: number };

/** `atMs` is the beginning of the period that a value is of. What CloudWatch has no value for is no point: a gap, never a zero. */
export type MetricReading = {
  readonly node: string;
  readonly signal: string;
  readonly points: readonly MetricPoint[];
  /** Null where all there is was read; else why some of it, or all, is missing. */
  readonly fault: string | null;
};
