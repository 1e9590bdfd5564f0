/** One observer with its detectors and a clock of plain numbers, for the laws of the monitoring system's core. */
import { compare, nextReferenceHeight } from "../../core/failover/monitoring-system/comparison.ts";
import { type Detector, newDetector, observe } from "../../core/failover/monitoring-system/detector.ts";
import { loadDetector, saveDetector } from "../../core/failover/monitoring-system/detector-state.ts";
import { judge } from "../../core/failover/monitoring-system/judgement.ts";
import { judgeNetwork } from "../../core/failover/monitoring-system/network-state.ts";
import { rulesOf } from "../../core/failover/monitoring-system/rules.ts";
import type { ValidatorSilence } from "../../core/failover/monitoring-system/validator-silence.ts";
import type { Report } from "../../core/kernel/agent-protocol.ts";
import type { NodeId, RegionName } from "../../core/kernel/ids.ts";
import type { Answered, Probe, Verdict } from "../../core/kernel/node.ts";
import { CHAIN_ID, fleetOf, GENESIS_HASH, HOME, hashOf } from "./fake-fleet-file.ts";

export const RULES = rulesOf(fleetOf());
export const CADENCE_MS = RULES.cadenceMs;
/** Away from zero, and unlike any wall time. */
const MONOTONIC_START_MS = 50_000;
const WALL_START_MS = 1_800_000_000_000;

export const silent: Probe = { kind: "silent", latencyMs: 2_000, reason: "no answer within 2000 ms" };
export const refused: Probe = { kind: "refused", latencyMs: 1, reason: "ECONNREFUSED" };
export const malformed: Probe = { kind: "malformed", latencyMs: 1, reason: "not JSON" };

export function answer(height: number, but: Partial<Answered> & { branch?: string; referenceHeight?: number | null } = {}): Answered {
  const { branch = "main", referenceHeight = null, ...facts } = but;
  return {
    kind: "answered",
    latencyMs: 5,
    chainId: CHAIN_ID,
    genesisHash: GENESIS_HASH,
    head: { height, hash: hashOf(branch, height), parentHash: hashOf(branch, height - 1), timestampS: height, signer: `0x${"1".repeat(40)}` },
    finalized: null,
    peers: 3,
    syncing: false,
    reference: referenceHeight === null || referenceHeight > height ? null : { height: referenceHeight, hash: hashOf(branch, referenceHeight) },
    ...facts,
  };
}

export class Observer {
  height = 10;
  readonly ownAgents = new Map<string, Report["self"]["kind"]>();
  readonly validators = new Map<string, ValidatorSilence>();
  referenceHeight: number | null = null;
  private nowMs = MONOTONIC_START_MS;
  private wallMs = WALL_START_MS;
  private readonly detectors: Map<string, Detector>;
  private readonly verdicts = new Map<string, Verdict>();

  constructor(nodes: readonly string[]) {
    this.detectors = new Map(nodes.map((node) => [node, newDetector(node as NodeId, this.at())]));
  }

  at() {
    return { nowMs: this.nowMs, wallMs: this.wallMs };
  }
  advance(ms: number): void {
    this.nowMs += ms;
    this.wallMs += ms;
  }
  detector(node: string): Detector {
    const found = this.detectors.get(node);
    if (!found) throw new Error(`this observer does not watch ${node}`);
    return found;
  }
  replace(node: string, detector: Detector): void {
    this.detectors.set(node, detector);
  }
  verdict(node: string): Verdict {
    return this.verdicts.get(node) ?? this.judge(node);
  }

  probeOnce(node: string, probe: Probe, startedAgoMs = 0): void {
    this.replace(node, observe(this.detector(node), probe, { startedMs: this.nowMs + startedAgoMs, nowMs: this.nowMs }, RULES));
  }

  comparison() {
    return compare([...this.detectors.values()], this.nowMs, RULES);
  }

  judge(node: string): Verdict {
    const validator = this.validators.get(node) ?? { kind: "unknown" as const, reason: "it holds no role" };
    const around = { comparison: this.comparison(), ownAgent: this.ownAgents.get(node) ?? null, validator };
    const judged = judge(this.detector(node), around, this.at(), { observer: HOME as RegionName, rules: RULES });
    this.replace(node, judged.detector);
    this.verdicts.set(node, judged.verdict);
    return judged.verdict;
  }

  network() {
    return judgeNetwork({ comparison: this.comparison(), fleetSize: this.detectors.size, sightlines: [], nowMs: this.nowMs }).state;
  }

  /** A cadence goes by, the chain grows by `blocks`, and each node answers level with it unless the script says otherwise. */
  tick(script: Readonly<Record<string, Probe | undefined>>, blocks = 1): Record<string, Verdict> {
    this.advance(CADENCE_MS);
    this.height += blocks;
    for (const node of this.detectors.keys()) {
      const scripted = node in script ? script[node] : answer(this.height, { referenceHeight: this.referenceHeight });
      if (scripted) this.probeOnce(node, scripted);
    }
    const verdicts = Object.fromEntries([...this.detectors.keys()].map((node) => [node, this.judge(node)]));
    this.referenceHeight = nextReferenceHeight(this.comparison(), RULES);
    return verdicts;
  }

  run(ticks: number, blocks = 1): void {
    for (let done = 0; done < ticks; done += 1) this.tick({}, blocks);
  }

  /** What goes on in another process, whose monotonic clock started elsewhere, from what this one saved. */
  movedToAnotherProcess(clockOffsetMs: number): Observer {
    const other = new Observer([...this.detectors.keys()]);
    other.nowMs = this.nowMs + clockOffsetMs;
    other.wallMs = this.wallMs;
    other.height = this.height;
    other.referenceHeight = this.referenceHeight;
    for (const [node, detector] of this.detectors) {
      const restored = loadDetector(JSON.parse(JSON.stringify(saveDetector(detector, this.at()))), other.at());
      if (!restored) throw new Error(`the state of ${node} was not taken back`);
      other.replace(node, restored);
    }
    return other;
  }
}
