/**
 * The state machine's text, held to what no validator looks at: every task ends in time, is tried again for what passes
 * and caught for what does not; every name it uses exists.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as errors from "../../core/kernel/errors.ts";
import { projectRoot } from "../../infra/bundle.ts";
import { LAMBDA_TIMEOUT_S_MAX, pascalCase } from "../../infra/modules/declaration.ts";
import { ALL_FUNCTIONS } from "../../infra/modules/functions.ts";
import { caught, machineOf, machines, placeholderOf, reachable, rulesOf, states, tasksOf, validate, waysOf } from "../support/state-machines.ts";

/** Names that Step Functions itself reports, from its documentation of error names. */
const STATES_ERRORS = new Set(
  "ALL BranchFailed DataLimitExceeded ExceedToleratedFailureThreshold HeartbeatTimeout Http.Socket IntrinsicFailure ItemReaderFailed NoChoiceMatched ParameterPathFailure Permissions QueryEvaluationError ResultPathMatchFailure ResultWriterFailed Runtime TaskFailed Timeout"
    .split(" ")
    .map((name) => `States.${name}`),
);
/** Names that the Lambda service reports to a caller for a failure of its own. */
const LAMBDA_ERRORS =
  /^Lambda\.(ServiceException|AWSLambdaException|SdkClientException|ClientExecutionTimeoutException|TooManyRequestsException|Unknown|EC2ThrottledException|ENILimitReachedException)$|^Sandbox\.Timedout$|^Runtime\.ExitError$/;
const OWN_ERRORS = new Set(Object.keys(errors));

it("there are state machines to be held to this", () => {
  expect(machines.map(({ file }) => file).toSorted()).toEqual([
    "backup.asl.json",
    "failover.asl.json",
    "preempt.asl.json",
    "restore-drill.asl.json",
    "scale.asl.json",
  ]);
});

describe.each(machines)("$file", ({ machine }) => {
  it("is valid Amazon States Language in JSONata", () => {
    expect(validate(machine)).toMatchObject({ isValid: true, errors: [] });
    expect(machine.QueryLanguage).toBe("JSONata");
  });

  it("gives every task a time limit, a retry and a catch", () => {
    const bare = tasksOf(machine).filter(({ state }) => state.TimeoutSeconds === undefined || !state.Retry?.length || !state.Catch?.length);
    expect(bare.map(({ name }) => name)).toEqual([]);
  });

  it("tries again what Lambda has ended in the middle, by whichever name it says so", () => {
    for (const { name, state } of tasksOf(machine)) {
      const retried = (state.Retry ?? []).flatMap((rule) => rule.ErrorEquals);
      if (!retried.includes("Lambda.Unknown")) continue;
      expect(retried, name).toEqual(expect.arrayContaining(["Sandbox.Timedout", "Runtime.ExitError"]));
    }
  });

  it("bounds and spreads every retry", () => {
    const loose = tasksOf(machine).flatMap(({ name, state }) =>
      (state.Retry ?? [])
        .filter((rule) => (rule.MaxAttempts ?? 3) > 10 || rule.JitterStrategy !== "FULL" || (rule.MaxDelaySeconds ?? Number.POSITIVE_INFINITY) > 120)
        .map((rule) => `${name}: ${rule.ErrorEquals.join()}`),
    );
    expect(loose).toEqual([]);
  });

  it("catches everything, last and alone, in every task", () => {
    for (const { name, state } of tasksOf(machine)) {
      expect(state.Catch?.at(-1)?.ErrorEquals, name).toEqual(["States.ALL"]);
      for (const rules of [state.Retry ?? [], state.Catch ?? []]) {
        for (const rule of rules.slice(0, -1)) expect(rule.ErrorEquals, name).not.toContain("States.ALL");
        for (const rule of rules) if (rule.ErrorEquals.includes("States.ALL")) expect(rule.ErrorEquals, name).toHaveLength(1);
      }
    }
  });

  it("matches only errors that somebody can raise", () => {
    const names = states(machine)
      .flatMap(rulesOf)
      .flatMap((rule) => rule.ErrorEquals);
    const known = (name: string) => STATES_ERRORS.has(name) || LAMBDA_ERRORS.test(name) || OWN_ERRORS.has(name);
    expect([...new Set(names)].filter((name) => !known(name))).toEqual([]);
  });

  it("retries no error that stays until somebody changes something", () => {
    const permanent = Object.entries(errors)
      .filter(([, each]) => typeof each === "function" && each.prototype instanceof errors.Permanent)
      .map(([name]) => name);
    const retried = states(machine)
      .flatMap(({ state }) => state.Retry ?? [])
      .flatMap((rule) => rule.ErrorEquals);
    expect(retried.filter((name) => permanent.includes(name) || name === "States.ALL" || name === "States.TaskFailed")).toEqual([]);
  });

  it("has a default for every choice, and every way it names leads to a state", () => {
    for (const { name, state, within } of states(machine)) {
      if (state.Type === "Choice") expect(state.Default, name).toBeDefined();
      for (const way of waysOf(state)) expect(Object.keys(within.States), `${name} → ${way}`).toContain(way);
    }
  });

  it("reaches every state", () => {
    for (const { within } of states(machine)) {
      expect(reachable(within, within.StartAt, []).toSorted()).toEqual(Object.keys(within.States).toSorted());
    }
  });

  it("keeps every heartbeat under its time limit, and ends no Succeed with an output", () => {
    for (const { name, state } of states(machine)) {
      if (typeof state.HeartbeatSeconds === "number" && typeof state.TimeoutSeconds === "number")
        expect(state.HeartbeatSeconds, name).toBeLessThan(state.TimeoutSeconds);
      if (state.Type === "Succeed") expect(state.Output, name).toBeUndefined();
    }
  });

  it("calls functions that exist, are declared as steps, and end before the state gives up on them", () => {
    for (const { name, state } of tasksOf(machine)) {
      const placeholder = placeholderOf(state);
      const declared = ALL_FUNCTIONS.find((each) => pascalCase(each.name) === placeholder);
      expect(declared?.step, `${name} calls ${placeholder}`).toBe(true);
      expect(existsSync(join(projectRoot, "functions", declared?.module ?? "", `${declared?.name}.ts`)), name).toBe(true);
      const waitsForPerson = state.Resource?.endsWith(".waitForTaskToken") ?? false;
      if (typeof state.TimeoutSeconds === "number" && !waitsForPerson) {
        expect(state.TimeoutSeconds, name).toBeGreaterThanOrEqual(declared?.timeoutS ?? LAMBDA_TIMEOUT_S_MAX);
      }
    }
  });
});

describe("a failover", () => {
  it("leaves no incident open without a word, whatever a state raises", async () => {
    const open = { fleet: "testing", role: "primary", incident: "primary-20261124T192237000" };
    for (const { name, within } of tasksOf(machineOf("failover.asl.json"))) {
      if (name === "Escalate") continue;
      for (const error of [...OWN_ERRORS, "States.Timeout"]) {
        const end = (await caught(within, name, error, open)) ?? "";
        expect(within.States[end]?.Type, `${name}, ${error} → ${end}`).not.toBe("Fail");
      }
    }
  });
});

describe("an input that open-incident refuses", () => {
  const machine = machineOf("failover.asl.json");
  const refused = (input: Record<string, unknown>) =>
    caught(machine, "OpenIncident", "InputInvalid", { fleet: "testing", role: "primary", ...input });

  it("fails where nothing was begun, and goes to a person where an incident is open", async () => {
    expect(await refused({})).toBe("InputRefused");
    expect(await refused({ incident: null })).toBe("InputRefused");
    expect(await refused({ incident: "primary-20261124T192237000" })).toBe("Escalate");
  });
});
