/**
 * A person without AWS credentials decides by an operator's token. Every refusal about who they are looks the same and
 * takes the same time: unknown name, wrong token, locked out. An attempt is counted before the token is looked at, each
 * use is journalled by name, and the token itself is in no log, record or answer.
 */
import * as z from "zod";
import { verifyToken } from "../../../adapters/argon2-layer.ts";
import { attemptSucceeded, countAttempt } from "../../../core/failover/stateful-failover/approval.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { IncidentId } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { writeJournal } from "./journal.ts";

/** A function URL's event, payload version 2. */
export const HttpRequest = z.looseObject({
  body: z.string().optional(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.looseObject({ http: z.looseObject({ method: z.string() }) }),
});
export type HttpRequest = z.infer<typeof HttpRequest>;
export type HttpResponse = { statusCode: number; headers: Record<string, string>; body: string };

/** Four short fields; the rest of a kilobyte is for generous names. */
const BODY_BYTES_MAX = 2_048;

const Decision = z.strictObject({
  incident: IncidentId,
  decision: z.enum(["approve", "reject"]),
  operator: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/),
  token: z.string().min(16).max(512),
});
type Decision = z.infer<typeof Decision>;

/** Argon2id over nothing anybody knows, with the parameters of a real one: an unknown name costs what a known one does. */
const NOBODY = `$argon2id$v=19$m=65536,t=3,p=4$${"A".repeat(22)}$${"A".repeat(43)}`;

export async function approveIncident(world: World, request: HttpRequest): Promise<HttpResponse> {
  const { method } = request.requestContext.http;
  if (method !== "POST") return answer(405, "POST a decision");
  const body = request.isBase64Encoded ? Buffer.from(request.body ?? "", "base64").toString("utf8") : (request.body ?? "");
  if (Buffer.byteLength(body) > BODY_BYTES_MAX) return answer(413, `at most ${BODY_BYTES_MAX} bytes`);
  const parsed = Decision.safeParse(jsonOrText(body));
  if (!parsed.success) return answer(400, "send {incident, decision: approve|reject, operator, token} as JSON");
  const decision = parsed.data;
  if (!(await isOperator(world, decision))) return answer(401, "not accepted");
  return decide(world, decision);
}

async function isOperator(world: World, { operator: name, token, incident }: Decision): Promise<boolean> {
  const nowMs = world.clock.wallMs();
  const attempt = await updateRecord(world.registry, "operator", name, (current) => ({ ...countAttempt(current, nowMs), known: current }));
  const right = await verifyToken(attempt.allowed ? (attempt.known?.tokenHash ?? NOBODY) : NOBODY, token);
  if (attempt.allowed && right) {
    await updateRecord(world.registry, "operator", name, (current) =>
      current ? { kind: "write", next: attemptSucceeded(current) } : { kind: "keep" },
    );
    return true;
  }
  world.log.decision({
    module: "failover",
    subject: incident,
    kind: "operator-refused",
    reason: attempt.allowed ? "wrong token" : "unknown or locked out",
    operator: name,
  });
  return false;
}

async function decide(world: World, { incident: id, decision, operator }: Decision): Promise<HttpResponse> {
  const nowMs = world.clock.wallMs();
  const found = await world.registry.read("incident", id);
  if (found.kind === "absent") return answer(404, "there is no such incident");
  const { approval, status } = found.value;
  if (status !== "awaiting-approval" || !approval || nowMs > approval.expiresAtMs) return answer(409, "the incident does not wait for a decision");
  const decider = await noteDecider(world, { id, taskToken: approval.taskToken }, operator);
  if (decider === null) return answer(409, "the incident does not wait for a decision");
  if (decider !== operator) return answer(409, "somebody else has decided");
  const approved = decision === "approve";
  const reached = await world.workflows.decide({ taskToken: approval.taskToken, region: approval.region }, { approved, by: operator });
  const text =
    reached === "decided" ? `${operator} ${approved ? "approved" : "rejected"} by token.` : `${operator} decided, but the workflow waits no more.`;
  await writeJournal(world, id, { step: "ApproveIncident", kind: reached === "decided" ? decision : "gone", text, facts: { operator } });
  return reached === "decided" ? answer(200, approved ? "approved" : "rejected") : answer(409, "the workflow does not wait any more");
}

/**
 * Written before the workflow hears it, so that of two people who decide at once the first is the one that is named and heard.
 * Answers who has decided on this very task token; null where the incident waits for it no more.
 */
async function noteDecider(world: World, asked: { id: IncidentId; taskToken: string }, operator: string): Promise<string | null> {
  const noted = await updateRecord(world.registry, "incident", asked.id, (current) => {
    const approval = current?.status === "awaiting-approval" ? current.approval : null;
    if (!current || approval?.taskToken !== asked.taskToken) return { kind: "keep", decider: null };
    if (approval.decidedBy !== null) return { kind: "keep", decider: approval.decidedBy };
    return { kind: "write", next: { ...current, approval: { ...approval, decidedBy: operator } }, decider: operator };
  });
  return noted.decider;
}

function answer(statusCode: number, message: string): HttpResponse {
  return { statusCode, headers: { "content-type": "application/json", "cache-control": "no-store" }, body: JSON.stringify({ message }) };
}

/** What is not JSON is a text, which no decision is. */
function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
