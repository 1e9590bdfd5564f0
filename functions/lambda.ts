/**
 * The only middleware chain: every function's input is parsed here, its world opened, its decision logged, its metrics
 * flushed. A handler behind it is one expression. Errors go on as they are, with the name that Step Functions matches;
 * none is caught here for good, since the state machine decides what follows.
 */
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import type * as z from "zod";
import { openWorld } from "../adapters/world.ts";
import { faultsOf, InputInvalid } from "../core/kernel/errors.ts";
import type { World } from "../core/kernel/ports.ts";

export type Invocation = {
  readonly requestId: string;
  /** Until Lambda ends this run. */
  remainingMs(): number;
};

type Run<I, O> = (input: I, world: World, invocation: Invocation) => Promise<O>;

/**
 * When a run's time is over Lambda ends its process, and the workflow sees `Sandbox.Timedout`. The library would rather answer for it a few
 * milliseconds before, under a name of its own, and what the handler does would go on beside the next run.
 */
const ENDED_BY_LAMBDA = { timeoutEarlyInMillis: 0 } as const;

export function lambda<S extends z.ZodType, O>(shape: S, run: Run<z.output<S>, O>) {
  return middy<unknown, O, Error, Context>(ENDED_BY_LAMBDA)
    .use(flushedMetrics())
    .use(decisionLog())
    .handler(async (event, context) => {
      const input = parseInput(shape, event, context.functionName);
      return run(input, openWorld(), { requestId: context.awsRequestId, remainingMs: () => context.getRemainingTimeInMillis() });
    });
}

export function parseInput<S extends z.ZodType>(shape: S, event: unknown, where: string): z.output<S> {
  const parsed = shape.safeParse(event);
  if (!parsed.success) throw new InputInvalid({ where: `the input of ${where}`, faults: faultsOf(parsed.error) });
  return parsed.data;
}

function flushedMetrics(): middy.MiddlewareObj<unknown, unknown, Error, Context> {
  const flush = () => openWorld().metrics.flush();
  return { after: flush, onError: flush };
}

/** What a step answered, without the parts that the next step only carries; a failure by its name and sentence. */
function decisionLog(): middy.MiddlewareObj<unknown, unknown, Error, Context> {
  const line = (context: Context, kind: string, reason: string, facts: Record<string, unknown>) =>
    openWorld().log.decision({ module: openWorld().module, subject: context.functionName, kind, reason, requestId: context.awsRequestId, ...facts });
  return {
    after: ({ context, response }) => {
      const { decision, reason, incident, role, to } = (response ?? {}) as Record<string, unknown>;
      line(context, typeof decision === "string" ? decision : "done", typeof reason === "string" ? reason : "", { incident, role, to });
    },
    onError: ({ context, error }) => {
      if (error) line(context, error.name, error.message, { transient: "transient" in error && error.transient === true });
    },
  };
}
