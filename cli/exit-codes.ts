/**
 * How `ha` ends, for scripts: each code means one thing and keeps meaning it. A failure is a sentence and, where there is
 * one, the next step; `--json` gives the same two as fields.
 */
import {
  AuthorityUnavailable,
  BusUnavailable,
  FleetMismatch,
  InputInvalid,
  Permanent,
  RegistryUnavailable,
  WorkflowsUnavailable,
} from "../core/kernel/errors.ts";

export const EXIT = {
  ok: 0,
  /** It was tried and did not work. */
  failed: 1,
  /** The command line was wrong; nothing was tried. */
  usage: 2,
  /** No such fleet, role, node, incident, operator or fault. */
  notFound: 3,
  /** Policy refused, or a person has to decide first. */
  refused: 4,
  /** AWS (or the rehearsal) does not answer from here. */
  unreachable: 5,
  /** Begun and not over when the time to wait was. */
  unfinished: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Record<keyof typeof EXIT, string> = {
  ok: "done",
  failed: "tried, and it did not work",
  usage: "the command line is wrong; nothing was tried",
  notFound: "no such fleet, role, node, incident, operator or fault",
  refused: "policy refuses it, or a person has to decide first",
  unreachable: "AWS, or the rehearsal, does not answer from here",
  unfinished: "begun, and not over when the time to wait was",
};

/** Ends a command with a code, a sentence and what to do next. */
export class CommandFailed extends Permanent {
  override readonly name = "CommandFailed";
  readonly code: ExitCode;
  readonly next: string | null;
  constructor(facts: { code: ExitCode; sentence: string; next?: string }) {
    super(facts.sentence);
    this.code = facts.code;
    this.next = facts.next ?? null;
  }
}

export type Failure = { readonly code: ExitCode; readonly name: string; readonly sentence: string; readonly next: string | null };

/** Any error, in the words of the command line. What nobody foresaw keeps its own name and message. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandFailed) return { code: error.code, name: error.name, sentence: error.message, next: error.next };
  const name = error instanceof Error ? error.name : "Error";
  const sentence = error instanceof Error ? error.message : String(error);
  if (error instanceof RegistryUnavailable && isMissingTable(error.cause)) {
    return { code: EXIT.notFound, name, sentence, next: "Is --fleet spelled right, is --region one of the fleet's, and was it deployed there?" };
  }
  if (isUnavailable(error)) return { code: EXIT.unreachable, name, sentence, next: UNREACHABLE_NEXT };
  if (error instanceof InputInvalid) return { code: EXIT.usage, name, sentence, next: null };
  if (error instanceof FleetMismatch) return { code: EXIT.notFound, name, sentence, next: null };
  return { code: EXIT.failed, name, sentence, next: null };
}

const UNREACHABLE_NEXT =
  "Check the credentials (aws sts get-caller-identity) and --region; if that Region is lost, name the fleet's other one with --region. In a rehearsal: does `npm start` still run?";

const isUnavailable = (error: unknown): boolean =>
  error instanceof RegistryUnavailable ||
  error instanceof WorkflowsUnavailable ||
  error instanceof BusUnavailable ||
  error instanceof AuthorityUnavailable;

const isMissingTable = (cause: unknown): boolean => cause instanceof Error && cause.name === "ResourceNotFoundException";
