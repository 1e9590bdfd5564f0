/**
 * All that we ask of the world. Adapters implement these; `adapters/world.ts` puts them together; tests use the memory
 * fakes that pass the same contract suites. Nothing here throws for an expected outcome.
 */
import type { Command, CommandOf, Reply, ReplyOf } from "./agent-protocol.ts";
import type { EventName, Said } from "./events.ts";
import type { Fleet, FleetNode } from "./fleet.ts";
import type { Block, Probe } from "./node.ts";
import type { RecordKind, RecordOf } from "./records.ts";
import type { Capacity, NamedMetrics } from "./service-ports.ts";
import type { VaultAccess, VaultPlace } from "./vault-job.ts";

/** Opaque; equal only to itself. */
export type Revision = number;
export type Found<T> = { readonly kind: "found"; readonly value: T; readonly revision: Revision };
export type Absent = { readonly kind: "absent" };
export type Written = { readonly kind: "written"; readonly revision: Revision };
export type Conflict = { readonly kind: "conflict" };
/** `"absent"`: only if there is none. `"any"`: for cells that a single writer owns, such as journals. */
export type Expected = Revision | "absent" | "any";

export interface Registry {
  /** The table's name, by which a lease item proves where it was written. */
  readonly name: string;
  /** Strongly consistent for registry kinds. */
  read<K extends RecordKind>(kind: K, key: string): Promise<Found<RecordOf<K>> | Absent>;
  write<K extends RecordKind>(kind: K, key: string, value: RecordOf<K>, expected: Expected): Promise<Written | Conflict>;
  /** Keys in order, at most `limit` (1 to 1000). `after` is exclusive. Strongly consistent for registry kinds. */
  list<K extends RecordKind>(
    kind: K,
    options: { prefix?: string; after?: string; limit: number; newestFirst?: boolean },
  ): Promise<readonly { key: string; value: RecordOf<K>; revision: Revision }[]>;
  remove(kind: RecordKind, key: string): Promise<void>;
}

export interface Nodes {
  /** One batched request. Never throws, never outlives `timeoutMs`, never reads more than its byte limit. */
  probe(node: FleetNode, options: { referenceHeight: number | null; timeoutMs: number; signal?: AbortSignal }): Promise<Probe>;
  /** The newest blocks, newest first, at most `limit` (1 to 64); empty where the node does not answer. */
  recentBlocks(node: FleetNode, options: { limit: number; timeoutMs: number; signal?: AbortSignal }): Promise<readonly Block[]>;
}

export type AgentAnswer<R extends Reply = Reply> =
  | { readonly kind: "answered"; readonly reply: R; readonly roundTripMs: number }
  | { readonly kind: "refused"; readonly code: ReplyOf<"refused">["code"]; readonly reason: string }
  | { readonly kind: "unreachable"; readonly reason: string }
  /** Something answered that is not this node's agent, or not to this challenge. */
  | { readonly kind: "untrusted"; readonly reason: string };

type ReplyTo = {
  report: "report";
  grant: "granted";
  fence: "fenced";
  prepare: "prepared";
  adopt: "adopted";
  promote: "promoted";
  demote: "demoted";
  checkpoint: "checkpoint";
  "start-job": "job";
  "look-at-job": "job";
  "cancel-job": "job";
  "boot-scratch": "scratch";
  "look-at-scratch": "scratch";
  "end-scratch": "scratch";
};
/** A command without what the adapter adds itself: fleet, node and challenge. */
export type Order<K extends Command["kind"]> = K extends Command["kind"] ? Omit<CommandOf<K>, "fleet" | "node" | "challenge"> : never;

export interface Agents {
  /** Sends one signed command and verifies the signed reply. Never throws for what an agent or a network does. */
  call<K extends Command["kind"]>(
    node: FleetNode,
    order: Order<K>,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<AgentAnswer<ReplyOf<ReplyTo[K]>>>;
}

export interface Bus {
  publish<N extends Exclude<EventName, "failover.requested">>(name: N, said: Said<N>): Promise<void>;
}

export interface Workflows {
  /** Lets a waiting approval go on. `gone` when it has expired or was decided before. */
  decide(approval: { taskToken: string; region: string }, decision: { approved: boolean; by: string }): Promise<"decided" | "gone">;
  /** Starts the failover workflow; a second start under the same name within 90 days does nothing. */
  start(name: string, input: Record<string, unknown>): Promise<{ execution: string }>;
}

/**
 * Where a vault's objects are: a bucket, a folder. Every object is written once and never changed, so two writers of the same
 * key cannot harm each other, and a copy in another Region is either the same or damaged.
 * Thrown are `VaultUnavailable` (try again), `VaultObjectTooLarge`, and the reason of a signal that was aborted; the rest is answered.
 */
export interface VaultStore {
  /** For sentences: a folder's path, or `s3://bucket`. */
  readonly name: string;
  /** Tells one copy of a vault from another, wherever it is opened from: a bucket's name; one word for every folder, which is copied by nobody. */
  readonly place: string;
  /** Written only if there is none of that key: of several writers at once exactly one is told `written`. Durable when it resolves. */
  put(key: string, bytes: Uint8Array, options?: { signal?: AbortSignal }): Promise<{ kind: "written" } | { kind: "exists" }>;
  /** The whole object, or a range of it; a range that leaves the object is cut off at its end. */
  get(key: string, options: GetOptions): Promise<{ kind: "found"; bytes: Buffer } | { kind: "absent" }>;
  /** Keys in bytewise order, at most `limit` (1 to 1,000); `after` is exclusive. */
  list(prefix: string, options: ListOptions): Promise<readonly VaultObject[]>;
  remove(key: string): Promise<void>;
  /** Nobody may remove or replace it before then; never shortens a lock. Where a store has no locks it does nothing. */
  extendLock(key: string, untilMs: number): Promise<void>;
}

export type GetOptions = {
  /** More than this is refused before it is read. */
  readonly bytesMax: number;
  readonly range?: { readonly offset: number; readonly length: number };
  /** Memory that may be read into, of `bytesMax` at least; the answer's bytes are then a view of it. */
  readonly into?: Uint8Array;
  readonly signal?: AbortSignal;
};
export type ListOptions = { readonly after?: string; readonly limit: number; readonly signal?: AbortSignal };
export type VaultObject = { readonly key: string; readonly sizeBytes: number; readonly modifiedMs: number };

/** The history of this Region's observer: objects written once, which the bucket itself lets go after their time. */
export type HistoryStore = Pick<VaultStore, "name" | "put" | "get" | "list">;

/** Makes and opens data keys. */
export interface KeyWrapper {
  readonly keyId: string;
  generate(): Promise<{ plain: Uint8Array; wrapped: Uint8Array }>;
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>;
}

/** What a job may reach with the credentials that it is given. */
export type AccessScope = {
  /** May write packs and indexes of this writer and manifests of this source; null where it only reads. */
  readonly writes: { readonly writer: string; readonly source: string } | null;
  /** The nearest first; a backup is written to the first. */
  readonly regions: readonly string[];
};

/** The fleet's vault: a bucket and a key in each of its Regions. */
export interface FleetVault {
  /** The home first. */
  readonly places: readonly VaultPlace[];
  store(region: string): VaultStore;
  /** The Region's lock on the keyring. */
  wrapper(region: string): KeyWrapper;
  /** The home Region's lock on the ledger's signing key: no agent's credentials open it. */
  signerWrapper(): KeyWrapper;
  /** Credentials for an agent, for an hour at most. Throws `AuthorityUnavailable`. */
  access(scope: AccessScope): Promise<VaultAccess>;
}

export interface Clock {
  /** For people and for slots. */
  wallMs(): number;
  /** For durations; starts anywhere, never goes back. */
  monotonicMs(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Entropy {
  bytes(count: number): Uint8Array;
}

/** Embedded metrics; dimensions are the fleet, and the role, node or group where one is given. */
export interface Metrics {
  count(name: string, value: number, dimensions?: { role?: string; node?: string; group?: string }): void;
  flush(): void;
}

/** One structured line for a decision. */
export interface Log {
  decision(line: { module: string; subject: string; kind: string; reason: string } & Record<string, unknown>): void;
  warn(message: string, facts?: Record<string, unknown>): void;
}

export interface World {
  readonly fleet: Fleet;
  readonly region: string;
  /** Whose function this is, for its log. */
  readonly module: string;
  readonly registry: Registry;
  readonly nodes: Nodes;
  readonly agents: Agents;
  readonly bus: Bus;
  readonly workflows: Workflows;
  /** Null for a fleet without one, and for functions that have nothing to do with it. */
  readonly vault: (() => Promise<FleetVault>) | null;
  /** A scaling group's, by its name in the fleet file. Null for a fleet without any. */
  readonly capacity: ((group: string) => Capacity) | null;
  /** Null for functions that have nothing to do with it. */
  readonly history: (() => Promise<HistoryStore>) | null;
  /** Where predictive models lie: the home Region's, whoever asks. Null for functions that have nothing to do with it. */
  readonly models: (() => Promise<HistoryStore>) | null;
  /** Null for a fleet that names none. */
  readonly namedMetrics: (() => Promise<NamedMetrics>) | null;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly metrics: Metrics;
  readonly log: Log;
}
