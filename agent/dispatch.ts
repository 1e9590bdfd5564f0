/**
 * From bytes to an answer: who sent it (a pinned key's delegate), for whom (this node of this fleet), is it new (its
 * challenge, and for what changes something a nonce of ours), and only then what is asked. Whatever is refused is counted
 * and answered with a reason, signed like every other reply.
 */
import * as z from "zod";
import { delegationVerifier, type PinnedKeys } from "../adapters/delegation-p256.ts";
import { open, openPayload, seal } from "../adapters/signature-ed25519.ts";
import { CONTEXT, Command, CommandEnvelope, Nonce, type Sealed } from "../core/kernel/agent-protocol.ts";
import { type Agent, type Answer, type RefusalCode, refuse } from "./agent.ts";
import { answerAdopt } from "./commands/adopt.ts";
import { answerCheckpoint } from "./commands/checkpoint.ts";
import { answerDemote } from "./commands/demote.ts";
import { answerFence } from "./commands/fence.ts";
import { answerGrant } from "./commands/grant.ts";
import { answerCancelJob, answerLookAtJob, answerStartJob } from "./commands/job.ts";
import { answerPrepare } from "./commands/prepare.ts";
import { answerPromote } from "./commands/promote.ts";
import { answerReport } from "./commands/report.ts";
import { answerLookAtScratch, answerScratch } from "./commands/scratch.ts";
import { tokenBucket } from "./rate.ts";

/** Two Regions and a workflow send some ten commands a second at most; a session is delegated for an hour: 36,000. */
const CHALLENGES_KEPT_MAX = 40_000;
/** Below the 64 nonces that may be open: a flood of reports, even by someone with a session key, ends here first. */
const REPORTS = { perSecond: 20, burst: 40 };

/** Questions that come every second. */
const UNNOTED: ReadonlySet<Command["kind"]> = new Set(["report", "look-at-job", "look-at-scratch"]);

const COUNTED_AS: Partial<Record<RefusalCode, keyof Agent["refused"]>> = {
  replayed: "replayed",
  "stale-epoch": "stale",
  forged: "forged",
  "delegation-expired": "forged",
  "wrong-role": "misdirected",
  "wrong-audience": "misdirected",
};
const Challenge = z.object({ challenge: Nonce });

export type Dispatched = { readonly kind: "reply"; readonly reply: Sealed } | { readonly kind: "not-a-command"; readonly reason: string };

export function commandDispatcher(agent: Agent) {
  const { config, clock, log } = agent;
  const challenges = new Set<string>();
  const mayReport = tokenBucket(REPORTS);
  let verifyDelegation: ReturnType<typeof delegationVerifier> | undefined;

  function authenticate(envelope: CommandEnvelope): { kind: "command"; command: Command } | Answer<"refused"> {
    if (verifyDelegation === undefined) return refuse("forged", "no control key is pinned in this agent's configuration yet: it obeys nobody");
    const delegated = verifyDelegation(envelope.delegation, clock.wallMs());
    if (delegated.kind === "expired") return refuse("delegation-expired", delegated.reason);
    if (delegated.kind === "misdirected") return refuse("wrong-audience", delegated.reason);
    if (delegated.kind === "forged") return refuse("forged", delegated.reason);
    const { payload, signature } = envelope;
    const opened = open(CONTEXT.command, { payload, signature }, delegated.delegation.sessionKey, Command);
    if (opened.kind === "forged") return refuse("forged", opened.reason);
    if (opened.kind === "malformed") return refuse("unknown", opened.reason);
    const command = opened.value;
    if (command.fleet !== config.fleet || command.node !== config.node) {
      return refuse("wrong-audience", `the command is for ${command.node} in fleet ${command.fleet}; this is ${config.node} in ${config.fleet}`);
    }
    if (challenges.has(command.challenge)) return refuse("replayed", "a command with this challenge was answered before");
    rememberChallenge(command.challenge);
    return { kind: "command", command };
  }

  function rememberChallenge(challenge: string): void {
    challenges.add(challenge);
    const [oldest] = challenges;
    if (challenges.size > CHALLENGES_KEPT_MAX && oldest !== undefined) challenges.delete(oldest);
  }

  async function obey(command: Command): Promise<Answer> {
    const damaged = agent.gate.shutReason();
    if (damaged !== null) return refuse("store-damaged", damaged);
    switch (command.kind) {
      case "report":
        return mayReport.take(clock.monotonicMs())
          ? await answerReport(agent, command)
          : refuse("too-many-requests", `more than ${REPORTS.perSecond} reports a second`);
      case "grant":
        return await answerGrant(agent, command);
      case "fence":
        return await answerFence(agent, command);
      case "prepare":
        return await answerPrepare(agent, command);
      case "adopt":
        return await answerAdopt(agent, command);
      case "promote":
        return await answerPromote(agent, command);
      case "demote":
        return await answerDemote(agent, command);
      case "checkpoint":
        return await answerCheckpoint(agent, command);
      case "start-job":
        return answerStartJob(agent, command);
      case "look-at-job":
        return answerLookAtJob(agent);
      case "cancel-job":
        return answerCancelJob(agent, command);
      case "boot-scratch":
      case "end-scratch":
        return await answerScratch(agent, command);
      case "look-at-scratch":
        return await answerLookAtScratch(agent, command);
    }
  }

  async function decide(envelope: CommandEnvelope, vouch: () => void): Promise<Answer> {
    const authentic = authenticate(envelope);
    if (authentic.kind === "refused") return authentic;
    vouch();
    const answer = await obey(authentic.command);
    if (!UNNOTED.has(authentic.command.kind)) note(authentic.command, answer);
    return answer;
  }

  function note(command: Command, answer: Answer): void {
    const role = command.kind === "grant" ? command.grant.role : "role" in command ? command.role : config.node;
    const epoch = command.kind === "grant" ? command.grant.epoch : "epoch" in command ? command.epoch : null;
    const reason = answer.kind === "refused" ? `${answer.code}: ${answer.reason}` : "as commanded";
    log.decision({ module: "agent", subject: role, kind: `${command.kind}-${answer.kind}`, reason, epoch });
  }

  return {
    /** Only what these keys delegate is obeyed from now on. */
    pin(pinned: Extract<PinnedKeys, { kind: "pinned" }>): void {
      verifyDelegation = pinned.keys.length === 0 ? undefined : delegationVerifier({ fleet: config.fleet, keys: pinned.keys });
    },

    /** `vouch` is called when the command is authentic: whoever only shows a recorded one is as much a stranger as before. */
    async dispatch(body: unknown, vouch: () => void): Promise<Dispatched> {
      const envelope = CommandEnvelope.safeParse(body);
      if (!envelope.success) return { kind: "not-a-command", reason: "not a command envelope" };
      // Read before it is verified, only to be echoed: a refusal must answer the question that it refuses.
      const asked = openPayload(envelope.data.payload, Challenge);
      if (asked.kind !== "opened") return { kind: "not-a-command", reason: "the command has no challenge" };
      const answer = await decide(envelope.data, vouch);
      if (answer.kind === "refused") count(answer.code);
      const reply = { ...answer, fleet: config.fleet, node: config.node, challenge: asked.value.challenge, boot: agent.gate.boot() };
      return { kind: "reply", reply: seal(CONTEXT.reply, reply, agent.privateKey) };
    },
  };

  function count(code: RefusalCode): void {
    const counter = COUNTED_AS[code];
    if (counter !== undefined) agent.refused[counter] += 1;
  }
}
