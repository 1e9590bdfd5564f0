/**
 * Metrics in CloudWatch's embedded format: lines in the log that CloudWatch reads, so that a metric costs no call. Dimensions
 * are `Fleet`, and `Role`, `Node` or `Group` where one is given; nothing else, or the alarms in infra/ would not find them.
 */
import { Metrics as EmbeddedMetrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { resourceNames } from "../core/kernel/names.ts";
import type { Metrics } from "../core/kernel/ports.ts";

/** A fleet has at most 32 roles and 500 nodes; beyond that somebody puts free text into a dimension, which CloudWatch bills by the value. */
const DIMENSION_SETS_MAX = 600;

type Dimensions = NonNullable<Parameters<Metrics["count"]>[2]>;

export function embeddedMetrics(options: { fleet: string }): Metrics {
  const sets = new Map<string, EmbeddedMetrics>();

  const setFor = ({ role, node, group }: Dimensions): EmbeddedMetrics => {
    const key = `${role ?? ""}/${node ?? ""}/${group ?? ""}`;
    const known = sets.get(key);
    if (known !== undefined) return known;
    if (sets.size >= DIMENSION_SETS_MAX) throw new RangeError(`more than ${DIMENSION_SETS_MAX} dimension sets: ${key} is one too many`);
    const made = new EmbeddedMetrics({ namespace: resourceNames(options.fleet).metricsNamespace });
    /** The library adds `service` by itself. */
    made.clearDefaultDimensions();
    made.setDefaultDimensions({
      Fleet: options.fleet,
      ...(role === undefined ? {} : { Role: role }),
      ...(node === undefined ? {} : { Node: node }),
      ...(group === undefined ? {} : { Group: group }),
    });
    sets.set(key, made);
    return made;
  };

  return {
    count(name, value, dimensions = {}) {
      setFor(dimensions).addMetric(name, unitOf(name), value);
    },
    flush() {
      for (const metrics of sets.values()) if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}

/** A quantity carries its unit as the last word of its name; what has none is a count. */
function unitOf(name: string) {
  if (name.endsWith("Ms")) return MetricUnit.Milliseconds;
  if (name.endsWith("Seconds")) return MetricUnit.Seconds;
  return name.endsWith("Bytes") ? MetricUnit.Bytes : MetricUnit.Count;
}
