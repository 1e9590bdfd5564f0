/** Every story, in the order in which they are run together: the calm ones first, then the losses. */

import { BACKUP_STORIES } from "./backups.ts";
import { reorgBelowBase, wrongPassphrase } from "./backups-apart.ts";
import { CAPACITY_STORIES } from "./capacity.ts";
import { networkHalts, oneObserverBlind, partitionedPrimary, primaryFreezesAndWakes, rogueNodeAhead } from "./deceptions.ts";
import { agentCutOff, agentRestarts, hostDies, primaryDies, regionDies, watcherDies, workflowDies } from "./losses.ts";
import { budgetSpent, oldPrimaryReturns, plannedSwitchover } from "./moves.ts";
import { PREDICTION_STORIES } from "./predictions.ts";
import { modelBroken } from "./predictions-model.ts";
import type { Story } from "./story.ts";
import { hotNodeSheds } from "./work.ts";

export const STORIES: readonly Story[] = [
  plannedSwitchover,
  primaryDies,
  oneObserverBlind,
  rogueNodeAhead,
  networkHalts,
  watcherDies,
  hostDies,
  primaryFreezesAndWakes,
  partitionedPrimary,
  oldPrimaryReturns,
  regionDies,
  agentRestarts,
  agentCutOff,
  workflowDies,
  budgetSpent,
  hotNodeSheds,
  ...PREDICTION_STORIES,
  ...CAPACITY_STORIES,
  modelBroken,
  ...BACKUP_STORIES,
  reorgBelowBase,
  wrongPassphrase,
];
