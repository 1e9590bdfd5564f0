/** Log lines as JSON, one a decision: module, subject, kind, reason and whatever else was a fact. The queries in infra/ read these names. */
import { Logger } from "@aws-lambda-powertools/logger";
import type { Log } from "../core/kernel/ports.ts";

export function powertoolsLog(options: { fleet: string; region: string }): Log {
  const logger = new Logger({ serviceName: "synnergy-ha", persistentKeys: options });
  return {
    decision: ({ module, subject, kind, reason, ...facts }) =>
      logger.info(`${module}: ${subject} ${kind}`, { module, subject, kind, reason, ...facts }),
    warn: (message, facts = {}) => logger.warn(message, facts),
  };
}
