/**
 * Believes in a new holder when a block of its own is on the chain, in a slot that it was granted. A successor that does not
 * sign while others would is passed over (`burned`); in a network where nobody even asks to sign, nobody is blamed.
 */
import type { Block } from "../../../core/kernel/node.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { slotOfBlock, slotStartMs } from "../../../core/kernel/slots.ts";
import type { Invocation } from "../../lambda.ts";
import { askReport } from "../../orders.ts";
import { writeJournal } from "./journal.ts";
import { holdIncident, STEP_MS } from "./ownership.ts";
import type { Promoted } from "./promoting.ts";
import { nodeOf, roleOf } from "./step.ts";

const BLOCKS_MAX = 64;
/** A block crosses the world in well under a second; twice that, and a look. */
const ARRIVAL_MS = 2_000;
/** Where blocks name heights only, their pace is not in the fleet file: Ethereum's 12 s and some. */
const HEIGHT_MS = 15_000;
/** Four looks a slot, and not more than four a second. */
const LOOKS_PER_SLOT = 4;
const LOOK_MS_MIN = 250;
/** A validator asks in every slot; three missed in a row mean that it has stopped asking. */
const QUIET_SLOTS = 3;
/** Watchers write their beat every few seconds; what is older is of a watcher that is gone. */
const BEAT_FRESH_MS = 15_000;
const TAIL_MS = 5_000;

export type Verified = Promoted & {
  readonly signed: boolean;
  readonly halted: boolean;
  readonly firstSlot: number | null;
  readonly missedSlots: number;
};

export async function verifySigning(world: World, step: Promoted, invocation: Invocation): Promise<Verified> {
  const { clock, fleet } = world;
  const startedMs = clock.monotonicMs();
  const { slots } = fleet.chain;
  const slotMs = slots.kind === "time" ? slots.seconds * 1_000 : HEIGHT_MS;
  const untilGrantMs = slots.kind === "time" ? Math.max(0, slotStartMs(slots, step.fromSlot) - clock.wallMs()) : 0;
  const wantedMs = untilGrantMs + (fleet.policies.failover.verifySlotsMax + 1) * slotMs + ARRIVAL_MS;
  const windowMs = Math.max(0, Math.min(wantedMs, invocation.remainingMs() - TAIL_MS));
  await holdIncident(world, step, windowMs + STEP_MS);
  while (step.promoted) {
    const blocks = await blocksEverywhere(world, step);
    const first = firstBlock(world, step, blocks);
    if (first !== null) return await signed(world, step, { ...first, startedMs });
    if (clock.monotonicMs() - startedMs >= windowMs) break;
    await clock.sleep(Math.max(LOOK_MS_MIN, Math.min(slotMs / LOOKS_PER_SLOT, 1_000)));
  }
  return notSigned(world, step, { windowMs, slotMs, startedMs });
}

async function blocksEverywhere(world: World, step: Promoted): Promise<Block[]> {
  const others = world.fleet.nodes.filter(({ id }) => id !== step.from || id === step.to);
  const seen = await Promise.all(others.map((node) => world.nodes.recentBlocks(node, { limit: BLOCKS_MAX, timeoutMs: LOOK_MS_MIN * 2 })));
  return seen.flat();
}

/** Its lowest slot in the grant, and how many slots lie empty between it and the last block before. */
function firstBlock(world: World, step: Promoted, blocks: readonly Block[]): { slot: number; missedSlots: number } | null {
  const { signer } = nodeOf(world, step.to);
  const { slots } = world.fleet.chain;
  const placed = blocks.map((block) => ({ slot: slotOfBlock(slots, block), signer: block.signer }));
  const own = placed.filter((block) => block.slot >= step.fromSlot && (signer === undefined || block.signer === signer));
  if (own.length === 0) return null;
  const slot = own.reduce((least, block) => Math.min(least, block.slot), Number.MAX_SAFE_INTEGER);
  const before = placed.filter((block) => block.slot < slot).reduce((most, block) => Math.max(most, block.slot), -1);
  return { slot, missedSlots: before < 0 ? 0 : slot - before - 1 };
}

async function signed(world: World, step: Promoted, found: { slot: number; missedSlots: number; startedMs: number }): Promise<Verified> {
  const { slot, missedSlots } = found;
  const reason = `${step.to} signed slot ${slot}, ${missedSlots} empty before it`;
  await say(world, step, { signed: true, slot, kind: "signed", reason, startedMs: found.startedMs });
  return { ...step, signed: true, halted: false, firstSlot: slot, missedSlots, reason };
}

async function notSigned(world: World, step: Promoted, facts: { windowMs: number; slotMs: number; startedMs: number }): Promise<Verified> {
  const halted = step.promoted && (await isHalted(world, step, facts.slotMs));
  const silent = `${step.to} signed nothing within ${Math.round(facts.windowMs)} ms`;
  const reason = !step.promoted
    ? step.reason
    : halted
      ? `${silent}, nor does anybody ask to: the network stands still`
      : `${silent} while the network is live`;
  await say(world, step, { signed: false, slot: null, kind: halted ? "halted" : "silent", reason, startedMs: facts.startedMs });
  return { ...step, signed: false, halted, firstSlot: null, missedSlots: 0, reason, burned: halted ? step.burned : [...step.burned, step.to] };
}

async function say(
  world: World,
  step: Promoted,
  said: { signed: boolean; slot: number | null; kind: string; reason: string; startedMs: number },
): Promise<void> {
  const { incident, role, to: node } = step;
  await world.bus.publish("failover.signing-verified", { incident, role, node, signed: said.signed, slot: said.slot, reason: said.reason });
  const tookMs = world.clock.monotonicMs() - said.startedMs;
  await writeJournal(world, incident, { step: "VerifySigning", kind: said.kind, text: `${said.reason}.`, tookMs, facts: { slot: said.slot } });
}

/**
 * Heads that stand still say little while the only signer is being replaced. Halted means: every watcher says so, the
 * successor's agent answers, and no member's validator has asked for a slot lately.
 */
async function isHalted(world: World, step: Promoted, slotMs: number): Promise<boolean> {
  const shards = await world.registry.list("shard", { limit: 1_000 });
  const fresh = shards.filter(({ value }) => world.clock.wallMs() - value.beatAtMs < BEAT_FRESH_MS);
  if (fresh.length === 0 || fresh.some(({ value }) => value.network !== "halted")) return false;
  const members = roleOf(world, step.role).members;
  const reports = await Promise.all(members.map(async (id) => ({ id, asked: await askReport(world, nodeOf(world, id)) })));
  if (reports.some(({ id, asked }) => id === step.to && asked.kind !== "answered")) return false;
  return reports.every(({ asked }) => {
    if (asked.kind !== "answered") return true;
    const askedMsAgo = asked.report.roles.find(({ role }) => role === step.role)?.askedMsAgo ?? null;
    return askedMsAgo === null || askedMsAgo > QUIET_SLOTS * slotMs;
  });
}
