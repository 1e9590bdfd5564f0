/**
 * Walks the failover workflow as statemachines/failover.asl.json orders it, calling the functions' own code, so that the
 * laws can be tried a thousand times; test/statemachines/ runs the definition itself. `stopAfter` ends the execution after
 * that many steps, as if somebody had stopped it.
 */
import { LeaseStale, Transient } from "../../core/kernel/errors.ts";
import type { World } from "../../core/kernel/ports.ts";
import { requestApproval } from "../../functions/failover/moving/approving.ts";
import { CloseInput, closeIncident } from "../../functions/failover/moving/closing.ts";
import { fencePrimary } from "../../functions/failover/moving/fencing.ts";
import { openIncident } from "../../functions/failover/moving/opening.ts";
import { prepareSuccessor } from "../../functions/failover/moving/preparing.ts";
import { PromotedStep, promoteSuccessor } from "../../functions/failover/moving/promoting.ts";
import { OpenInput } from "../../functions/failover/moving/request.ts";
import { Step } from "../../functions/failover/moving/step.ts";
import { TakenStep, takeLeaseForSuccessor } from "../../functions/failover/moving/taking.ts";
import { verifySigning } from "../../functions/failover/moving/verifying.ts";
import { Crash } from "./fake-network.ts";

type Facts = Record<string, unknown>;
export type Decide = (facts: Facts) => { approved: boolean; by: string } | "timeout";
export type Walk = { readonly steps: string[]; readonly last: Facts; readonly stopped: boolean };

const RUN_MS = 900_000;
const ATTEMPTS = 5;
const STEPS_MAX = 60;

class Stopped extends Crash {}

export async function walk(world: World, input: Facts, options: { execution: string; stopAfter?: number; decide?: Decide }): Promise<Walk> {
  const { execution, stopAfter = STEPS_MAX, decide = () => "timeout" } = options;
  const steps: string[] = [];
  const invocation = { requestId: "r", remainingMs: () => RUN_MS };
  const step = async (name: string, run: () => Promise<object>): Promise<Facts> => {
    if (steps.length >= stopAfter) throw new Stopped(name);
    steps.push(name);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await run()) as Facts;
      } catch (error) {
        if (!(error instanceof Transient) || attempt === ATTEMPTS) throw error;
        await world.clock.sleep(1_000 * attempt);
      }
    }
  };
  const open = (facts: Facts) => step("OpenIncident", () => openIncident(world, OpenInput.parse({ ...facts, execution })));
  const close = (facts: Facts) => step("CloseIncident", () => closeIncident(world, CloseInput.parse({ ...facts, execution })));
  const move = async (facts: Facts): Promise<Facts> => {
    const input = Step.parse(facts);
    const prepared = () => step("PrepareSuccessor", () => prepareSuccessor(world, input));
    const fenced = () => step("FencePrimary", () => fencePrimary(world, input, invocation));
    const planned = input.planned ? await prepared() : {};
    if (input.planned && !(planned as Facts).able) return open(planned);
    const cleared = await fenced();
    const ready = { ...cleared, able: input.planned ? true : (await prepared()).able } as Facts;
    if (!ready.able) return open(ready);
    if (!ready.cleared) return { ...ready, decision: "approve" };
    const taken = await step("TakeLease", () => takeLeaseForSuccessor(world, Step.parse(ready)));
    const promoted = await step("PromoteSuccessor", () => promoteSuccessor(world, TakenStep.parse(taken)));
    const verified = await step("VerifySigning", () => verifySigning(world, PromotedStep.parse(promoted), invocation));
    if (!verified.signed && !verified.halted) return open(verified);
    return close({ ...verified, ending: verified.signed ? "resolved" : "halted" });
  };
  const approve = async (facts: Facts): Promise<Facts> => {
    await step("RequestApproval", () =>
      requestApproval(world, { ...Step.parse(facts), taskToken: `token-${execution}`, reason: String(facts.reason) }),
    );
    const decision = decide(facts);
    if (decision === "timeout") return close({ ...facts, ending: "expired" });
    const approvedBy = decision.by;
    return decision.approved ? { ...facts, decision: "proceed", approvedBy } : close({ ...facts, approvedBy, ending: "rejected" });
  };
  let facts: Facts = {};
  try {
    facts = await open(input);
    while (facts.decision === "proceed" || facts.decision === "approve") facts = await (facts.decision === "approve" ? approve(facts) : move(facts));
    return { steps, last: facts, stopped: false };
  } catch (error) {
    if (error instanceof Crash) return { steps, last: facts, stopped: true };
    if (error instanceof LeaseStale) return { steps, last: { decision: "stale", reason: error.message }, stopped: false };
    throw error;
  }
}
