/** The validator's question, on loopback only: `POST /v1/sign {role, slot}` answers yes or no. A yes is durable first. */
import { SignRequest } from "../core/kernel/agent-protocol.ts";
import { faultsOf } from "../core/kernel/errors.ts";
import type { Log } from "../core/kernel/ports.ts";
import type { Gate } from "./gate.ts";
import type { Answered } from "./http-server.ts";

export function signingDesk(options: { gate: Gate; log: Log }) {
  /** A standby is told no every slot: the reason is logged when it changes, not each time. */
  let lastNo = "";
  return async (body: unknown): Promise<Answered> => {
    const asked = SignRequest.safeParse(body);
    if (!asked.success) return { status: 400, body: { error: faultsOf(asked.error).join("; ") } };
    const { role, slot } = asked.data;
    const answer = options.gate.maySign(role, slot);
    const kindOfNo = answer.kind === "no" ? answer.reason.replace(/\d+/g, "N") : "";
    if (answer.kind === "no" && kindOfNo !== lastNo) {
      options.log.decision({ module: "agent", subject: role, kind: "sign-no", reason: answer.reason, slot });
    }
    lastNo = kindOfNo;
    return { status: 200, body: answer };
  };
}
