/**
 * Reads a model's file from where models lie and answers with the model, or with the reason why there is none: it is not there, it is not what was
 * written, the store does not answer. Nothing is thrown, since whoever asks has thresholds to fall back to.
 */

import { VaultObjectTooLarge, VaultUnavailable } from "../../core/kernel/errors.ts";
import type { ModelPointer } from "../../core/kernel/live-model.ts";
import type { HistoryStore } from "../../core/kernel/ports.ts";
import { FILE_BYTES_MAX, type ModelRecord, readModel } from "../../core/prediction/predictive-model/model-file.ts";

export type OpenedModel =
  | { readonly kind: "read"; readonly record: ModelRecord }
  | { readonly kind: "absent" | "damaged" | "unavailable"; readonly reason: string };

export async function openModel(store: HistoryStore, { key, sha256 }: Pick<ModelPointer, "key" | "sha256">): Promise<OpenedModel> {
  const got = await store.get(key, { bytesMax: FILE_BYTES_MAX }).catch((error: unknown) => {
    if (error instanceof VaultObjectTooLarge) return { kind: "damaged" as const, reason: error.message };
    if (error instanceof VaultUnavailable) return { kind: "unavailable" as const, reason: error.message };
    throw error;
  });
  if (got.kind === "absent") return { kind: "absent", reason: `${key} is not in ${store.name}` };
  if (got.kind !== "found") return got;
  const read = readModel(got.bytes.toString("utf8"));
  if (read.kind === "damaged") return read;
  if (read.sha256 !== sha256)
    return { kind: "damaged", reason: `it is another model: its checksum is ${read.sha256.slice(0, 12)}, the registry says ${sha256.slice(0, 12)}` };
  return { kind: "read", record: read.record };
}
