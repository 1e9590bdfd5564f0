/** What we ask of services that not every fleet has: who starts and stops units of capacity, and where named metrics are read. */
import type { CapacityLook, CapacityOrder, CapacityOutcome, Raise, Verdict } from "./capacity.ts";
import type { MetricReading, NamedMetric } from "./named-metric.ts";

/** A group of units, each with a node. Nothing throws but `AuthorityUnavailable`; an order may be given again, and is bounded in time. */
export interface Capacity {
  readonly name: string;
  look(): Promise<CapacityLook>;
  raise(raise: Raise, order: CapacityOrder): Promise<CapacityOutcome>;
  /** A unit that is starting serves only when it was told so. */
  complete(unit: string, verdict: Verdict, order: CapacityOrder): Promise<CapacityOutcome>;
  /** Ends this very unit, and asks for one fewer. */
  remove(unit: string, order: CapacityOrder): Promise<CapacityOutcome>;
}

export interface NamedMetrics {
  /** One reading a metric, in their order. All of one period; `fromMs` and `untilMs` are multiples of it. Never throws for what CloudWatch does. */
  read(metrics: readonly NamedMetric[], span: { fromMs: number; untilMs: number }): Promise<readonly MetricReading[]>;
}
