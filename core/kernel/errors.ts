/**
 * The two roots of error. `Transient` may be tried again as it is; `Permanent` will fail again until somebody changes
 * something. Expected outcomes are values; only surprises are thrown. `name` is a literal in each class, because Step
 * Functions matches that very string.
 */
export abstract class Transient extends Error {
  readonly transient = true as const;
}

export abstract class Permanent extends Error {
  readonly transient = false as const;
}

export class InputInvalid extends Permanent {
  override readonly name = "InputInvalid";
  constructor(facts: { where: string; faults: readonly string[] }) {
    super(`${facts.where} is not valid: ${facts.faults.join("; ")}. Nothing was done.`);
  }
}

export class RegistryConflict extends Transient {
  override readonly name = "RegistryConflict";
  constructor(facts: { kind: string; key: string; attempts: number }) {
    super(`${facts.kind} ${facts.key} was changed by somebody else ${facts.attempts} times in a row; nothing was written. It is safe to try again.`);
  }
}

export class RegistryUnavailable extends Transient {
  override readonly name = "RegistryUnavailable";
  constructor(facts: { action: string; cause: unknown }) {
    super(`the registry did not answer (${facts.action}): ${facts.cause instanceof Error ? facts.cause.message : String(facts.cause)}`, {
      cause: facts.cause,
    });
  }
}

export class RegistryCorrupt extends Permanent {
  override readonly name = "RegistryCorrupt";
  constructor(facts: { kind: string; key: string; faults: readonly string[] }) {
    super(`the stored ${facts.kind} ${facts.key} is not in this version's shape: ${facts.faults.join("; ")}. It was left as it is.`);
  }
}

/** Thrown where a workflow's step finds that its incident or lease has moved on without it. */
export class LeaseStale extends Permanent {
  override readonly name = "LeaseStale";
  constructor(facts: { role: string; expected: string; found: string }) {
    super(`role ${facts.role}: expected ${facts.expected}, found ${facts.found}. Another execution has moved the lease; this one stops.`);
  }
}

export class AuthorityUnavailable extends Transient {
  override readonly name = "AuthorityUnavailable";
  constructor(facts: { action: string; cause: unknown }) {
    super(`the control plane's key could not ${facts.action}: ${facts.cause instanceof Error ? facts.cause.message : String(facts.cause)}`, {
      cause: facts.cause,
    });
  }
}

export class BusUnavailable extends Transient {
  override readonly name = "BusUnavailable";
  constructor(facts: { event: string; cause: unknown }) {
    super(`the event ${facts.event} was not accepted by the bus: ${facts.cause instanceof Error ? facts.cause.message : String(facts.cause)}`, {
      cause: facts.cause,
    });
  }
}

export class WorkflowsUnavailable extends Transient {
  override readonly name = "WorkflowsUnavailable";
  constructor(facts: { action: string; cause: unknown }) {
    super(`Step Functions did not ${facts.action}: ${facts.cause instanceof Error ? facts.cause.message : String(facts.cause)}`, {
      cause: facts.cause,
    });
  }
}

/** Thrown where a lease cannot be waited out within the run that is left; a new run starts with its whole time. */
export class WaitUnfinished extends Transient {
  override readonly name = "WaitUnfinished";
  constructor(facts: { role: string; neededMs: number; remainingMs: number }) {
    super(
      `role ${facts.role}: ${Math.ceil(facts.neededMs)} ms of the lease are to be waited out, this run has ${Math.floor(facts.remainingMs)} ms left.`,
    );
  }
}

export class VaultUnavailable extends Transient {
  override readonly name = "VaultUnavailable";
  constructor(facts: { vault: string; action: string; cause: unknown }) {
    super(`the vault ${facts.vault} did not ${facts.action}: ${facts.cause instanceof Error ? facts.cause.message : String(facts.cause)}`, {
      cause: facts.cause,
    });
  }
}

export class VaultObjectTooLarge extends Permanent {
  override readonly name = "VaultObjectTooLarge";
  constructor(facts: { vault: string; key: string; sizeBytes: number; bytesMax: number }) {
    super(`${facts.key} in ${facts.vault} has ${facts.sizeBytes} bytes; at most ${facts.bytesMax} are read. Nothing of it was read.`);
  }
}

/** A step of a backup or a drill finds that its run has ended or was replaced without it. */
export class RunStale extends Permanent {
  override readonly name = "RunStale";
  constructor(facts: { what: string; run: string; found: string }) {
    super(`${facts.what}: run ${facts.run} is over or was replaced (${facts.found}); this one stops and changes nothing.`);
  }
}

export class AgentUnreachable extends Transient {
  override readonly name = "AgentUnreachable";
  constructor(facts: { node: string; reason: string }) {
    super(`the agent of ${facts.node} cannot be asked: ${facts.reason}. Nothing was lost; what it has stored is found by the next run.`);
  }
}

/** The agent, or its host, says why the job cannot be done; `transient` ones may be tried again as they are. */
export class JobFailed extends Transient {
  override readonly name = "JobFailed";
  constructor(facts: { node: string; fault: string; sentence: string }) {
    super(`${facts.node}: ${facts.fault}: ${facts.sentence}`);
  }
}

export class JobRefused extends Permanent {
  override readonly name = "JobRefused";
  constructor(facts: { node: string; fault: string; sentence: string }) {
    super(`${facts.node}: ${facts.fault}: ${facts.sentence}`);
  }
}

/** The node does not answer, is behind, or has nothing final yet. */
export class LedgerUnavailable extends Transient {
  override readonly name = "LedgerUnavailable";
  constructor({ reason }: { reason: string }) {
    super(`the ledger could not be read: ${reason}. No backup was written; what was stored is used by the next run.`);
  }
}

/** What the node says is not one chain, or not the one that another node has: an alarm, not a retry. */
export class LedgerRefused extends Permanent {
  override readonly name = "LedgerRefused";
  constructor({ reason }: { reason: string }) {
    super(`the ledger is refused: ${reason}. No backup was written; the backups before are as they were.`);
  }
}

/** A run that a sweep, or another run, has overtaken: what it stored is kept and used by the next one. */
export class BackupOvertaken extends Transient {
  override readonly name = "BackupOvertaken";
  constructor({ reason }: { reason: string }) {
    super(`the backup was not completed: ${reason}. What it stored is used by the next run.`);
  }
}

/** Of some nodes the history of a period was not written; their vitals are there for two weeks, and each hour is another try. */
export class HistoryUnwritten extends Transient {
  override readonly name = "HistoryUnwritten";
  constructor({ written, failures }: { written: number; failures: readonly string[] }) {
    super(
      `the history of ${failures.length} nodes was not written (${failures.slice(0, 3).join("; ")}); of the others ${written} objects were. The next run tries again.`,
    );
  }
}

export class FleetMismatch extends Permanent {
  override readonly name = "FleetMismatch";
  constructor(facts: { what: string; found: string; allowed: readonly string[] }) {
    super(`${facts.what} "${facts.found}" is not in the fleet file; it knows ${facts.allowed.join(", ")}.`);
  }
}

/** One sentence per issue of a zod error, each with its path. */
export function faultsOf(error: { issues: readonly { path: PropertyKey[]; message: string }[] }): string[] {
  return error.issues.map((issue) => `${issue.path.length > 0 ? issue.path.map(String).join(".") : "input"}: ${issue.message}`);
}
