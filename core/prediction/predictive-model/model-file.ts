/**
 * A model as a file: one line of header with format, version and SHA-256 of what follows, then the model as JSON. Reading answers with the model or
 * with the reason why the file is damaged; it never answers with a model that is not the one that was written.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { HeldOutEvaluation } from "./gate.ts";
import type { PredictiveModel } from "./predictive-model.ts";
import { StoredModel } from "./stored-model.ts";

export type ModelRecord = {
  readonly model: PredictiveModel;
  readonly trainedAtMs: number;
  /** What the training rows span. */
  readonly trainedFromMs: number;
  readonly trainedUntilMs: number;
  readonly evaluation: HeldOutEvaluation | null;
};
export type ReadModel =
  | { readonly kind: "read"; readonly record: ModelRecord; readonly sha256: string }
  | { readonly kind: "damaged"; readonly reason: string };

export const FORMAT = "synnergy-predictive-model";
export const VERSION = 1;
/** A few thousand trees; more would be read slower than a function starts. */
export const FILE_BYTES_MAX = 16 * 1_024 * 1_024;

const Header = z.object({ format: z.string(), version: z.number().int(), sha256: z.string() });

export function writeModel(record: ModelRecord): string {
  const body = JSON.stringify(record);
  const file = `${JSON.stringify({ format: FORMAT, version: VERSION, sha256: digestOf(body) })}\n${body}`;
  if (Buffer.byteLength(file) > FILE_BYTES_MAX)
    throw new RangeError(`a model of ${Buffer.byteLength(file)} bytes is larger than a file may be, ${FILE_BYTES_MAX}`);
  return file;
}

export function readModel(file: string): ReadModel {
  const damaged = (reason: string): ReadModel => ({ kind: "damaged", reason });
  // Characters are at most bytes, so the first test spares counting what is far too long.
  if (file.length > FILE_BYTES_MAX || Buffer.byteLength(file) > FILE_BYTES_MAX) return damaged(`it is larger than ${FILE_BYTES_MAX} bytes`);
  const end = file.indexOf("\n");
  const header = Header.safeParse(jsonOf(end < 0 ? "" : file.slice(0, end)));
  if (!header.success || header.data.format !== FORMAT) return damaged(`it does not begin with a header of ${FORMAT}`);
  if (header.data.version !== VERSION) return damaged(`its version is ${header.data.version}, this program reads ${VERSION}`);
  const body = file.slice(end + 1);
  const sha256 = digestOf(body);
  if (sha256 !== header.data.sha256) return damaged(`its checksum is ${sha256.slice(0, 12)}, the header says ${header.data.sha256.slice(0, 12)}`);
  const stored = StoredModel.safeParse(jsonOf(body));
  if (!stored.success) {
    const [issue] = stored.error.issues;
    return damaged(`its content is not that of a model: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  return { kind: "read", record: stored.data, sha256 };
}

function digestOf(body: string): string {
  return createHash("sha256").update(body).digest("hex");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
