/** How a backup and a drill end, whatever their states raise: a source is set free, a scratch node is gone, and the end is told. */
import { describe, expect, it } from "vitest";
import * as errors from "../../core/kernel/errors.ts";
import { pascalCase } from "../../infra/modules/declaration.ts";
import { ALL_FUNCTIONS } from "../../infra/modules/functions.ts";
import {
  caught,
  chosen,
  type Machine,
  machineOf,
  machines,
  placeholderOf,
  reachable,
  type State,
  tasksOf,
  waysOf,
} from "../support/state-machines.ts";

const ERRORS = [...Object.keys(errors), "States.Timeout", "States.TaskFailed", "Lambda.Unknown", "Error"];
const backup = machineOf("backup.asl.json");
const drill = machineOf("restore-drill.asl.json");
const ends = (machine: Machine, names: readonly string[]) =>
  names.filter((name) => machine.States[name]?.End === true || ["Fail", "Succeed"].includes(machine.States[name]?.Type ?? ""));
/** Those of the machine itself: what a Map's items raise is the Map's to catch. */
const ownTasks = (machine: Machine) => Object.keys(machine.States).filter((name) => machine.States[name]?.Type === "Task");
const leads = (machine: Machine, state: string, error: string) => caught(machine, state, error, { fleet: "testing", decision: "before" });

describe("a backup", () => {
  it("ends nowhere but behind CloseBackup, unless another run has taken its place", () => {
    expect(ends(backup, reachable(backup, backup.StartAt, ["CloseBackup", "Superseded"]))).toEqual([]);
  });

  it("is closed whatever a state raises, and is left alone, unclosed, where it is stale", async () => {
    for (const name of [...ownTasks(backup), "StoreBatches"]) {
      expect(await leads(backup, name, "RunStale"), name).toBe("Superseded");
      if (name === "CloseBackup") continue;
      for (const error of ERRORS.filter((each) => each !== "RunStale"))
        expect(await leads(backup, name, error), `${name}, ${error}`).toBe("CloseBackup");
    }
    expect(reachable(backup, "Superseded", [])).toEqual(["Superseded"]);
    expect(backup.States.Superseded).toMatchObject({ Type: "Pass", End: true });
  });

  it("fails as a whole where one of its batches does", async () => {
    const items = backup.States.StoreBatches?.ItemProcessor as Machine;
    for (const error of ERRORS) expect(await leads(items, "StoreSegments", error), error).toBe("NotStored");
    expect(items.States.NotStored?.Type).toBe("Fail");
    expect(backup.States.StoreBatches).not.toHaveProperty("ToleratedFailurePercentage");
  });

  it("that cannot be closed fails, which an alarm hears", async () => {
    for (const error of ERRORS.filter((each) => each !== "RunStale")) expect(await leads(backup, "CloseBackup", error)).toBe("NotClosed");
    expect(backup.States.NotClosed?.Type).toBe("Fail");
  });

  it("hands a failed proof on apart from a failure of the backup, since what is stored stays a backup", () => {
    const outputs = (state: string) => backup.States[state]?.Catch?.at(-1)?.Output;
    expect(outputs("ProveBackup")).toContain("'proofError': $states.errorOutput");
    expect(outputs("BackUpSource")).toContain("'error': $states.errorOutput");
  });

  it("reads a ledger by functions and a directory by its agent", async () => {
    expect(await chosen(backup, backup.StartAt, { source: "testing.ledger" })).toBe("PlanLedger");
    expect(await chosen(backup, backup.StartAt, { source: "n1.directory" })).toBe("BackUpSource");
  });

  it.each([
    ["IsStored", "unfinished", "BackUpSource"],
    ["IsStored", "done", "ProveBackup"],
    ["IsStored", "cancelled", "CloseBackup"],
    ["IsProven", "unproven", "ProveBackup"],
    ["IsProven", "proven", "CloseBackup"],
  ])("goes from %s, %s, to %s", async (choice, decision, next) => {
    expect(await chosen(backup, choice, { decision })).toBe(next);
  });
});

describe("a drill", () => {
  const first = drill.States[drill.StartAt]?.Next ?? "none";

  it("that restored nothing fails, which an alarm hears", async () => {
    expect(drill.StartAt).toBe("ChooseCopy");
    for (const error of ERRORS) expect(await leads(drill, "ChooseCopy", error), error).toBe("NotChosen");
    expect(drill.States.NotChosen?.Type).toBe("Fail");
  });

  it("that has begun ends nowhere but behind TearDown and then CloseDrill; a restore that was asked for stays where it is", async () => {
    const before = reachable(drill, first, ["TearDown", "CloseDrill"]);
    expect(ends(drill, before)).toEqual([]);
    const leading = before.filter((name) => name !== "CloseDrill" && waysOf(drill.States[name] as State).includes("CloseDrill"));
    expect(leading).toEqual(["IsRestored"]);
    expect(await chosen(drill, "IsRestored", { decision: "restored", restoreOnly: true })).toBe("CloseDrill");
    expect(ends(drill, reachable(drill, "TearDown", ["CloseDrill"]))).toEqual([]);
  });

  it("takes its scratch node down and is closed whatever a state raises, also where its record was ended by somebody else", async () => {
    for (const { name } of tasksOf(drill)) {
      if (["ChooseCopy", "CloseDrill"].includes(name)) continue;
      for (const error of ERRORS) expect(await leads(drill, name, error), `${name}, ${error}`).toBe(name === "TearDown" ? "CloseDrill" : "TearDown");
    }
  });

  it("keeps why it failed while its node is taken down, and the failure of that apart", () => {
    const added = (state: string) => /\{'(\w+)': \$states\.errorOutput\}/.exec(String(drill.States[state]?.Catch?.at(-1)?.Output))?.[1];
    for (const state of ["RestoreCopy", "BootNode", "VerifyNode"]) expect(added(state), state).toBe("error");
    expect(added("TearDown")).toBe("tearDownError");
  });

  it("whose record was ended before changes nothing, and one that cannot be closed fails", async () => {
    expect(await leads(drill, "CloseDrill", "RunStale")).toBe("Superseded");
    expect(reachable(drill, "Superseded", [])).toEqual(["Superseded"]);
    for (const error of ERRORS.filter((each) => each !== "RunStale")) expect(await leads(drill, "CloseDrill", error)).toBe("NotClosed");
    expect(drill.States.NotClosed?.Type).toBe("Fail");
  });

  it.each([
    ["IsRestored", "unfinished", "RestoreCopy"],
    ["IsRestored", "restored", "BootNode"],
    ["IsCaughtUp", "unfinished", "VerifyNode"],
    ["IsCaughtUp", "caught-up", "TearDown"],
  ])("goes from %s, %s, to %s", async (choice, decision, next) => {
    expect(await chosen(drill, choice, { decision, restoreOnly: false })).toBe(next);
  });
});

/** A preemption drains a node as failover moves a lost node's work: the route has one writer. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  "backup.asl.json": ["backup"],
  "restore-drill.asl.json": ["backup"],
  "failover.asl.json": ["failover"],
  "preempt.asl.json": ["failover", "prediction"],
  "scale.asl.json": ["scaling"],
};

describe("the modules", () => {
  it("have no step that no workflow calls, and no workflow that calls others' than it says", () => {
    const declared = (placeholder: string | undefined) => ALL_FUNCTIONS.find(({ name }) => pascalCase(name) === placeholder);
    const called = machines.flatMap(({ file, machine }) => {
      const modules = new Set(tasksOf(machine).map(({ state }) => declared(placeholderOf(state))?.module));
      expect([...modules].toSorted(), file).toEqual(MODULES[file]);
      return tasksOf(machine).map(({ state }) => declared(placeholderOf(state))?.name);
    });
    expect(ALL_FUNCTIONS.filter(({ step, name }) => step && !called.includes(name)).map(({ name }) => name)).toEqual([]);
  });
});
