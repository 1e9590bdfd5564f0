/** Everything below a prefix, page by page, and small JSON objects parsed where they are read. */
import type * as z from "zod";
import { ObjectCorrupt } from "../../core/backup/vault/faults.ts";
import { faultsOf } from "../../core/kernel/errors.ts";
import type { VaultObject, VaultStore } from "../../core/kernel/ports.ts";
import { LIST_LIMIT_MAX } from "../../core/kernel/vault-keys.ts";

export async function* listAll(store: VaultStore, prefix: string): AsyncGenerator<VaultObject> {
  let after: string | undefined;
  for (;;) {
    const page = await store.list(prefix, { limit: LIST_LIMIT_MAX, ...(after === undefined ? {} : { after }) });
    yield* page;
    after = page.at(-1)?.key;
    if (page.length < LIST_LIMIT_MAX) return;
  }
}

/** The last key below a prefix, in bytewise order; null where there is none. */
export async function lastKey(store: VaultStore, prefix: string): Promise<string | null> {
  let last: string | null = null;
  for await (const { key } of listAll(store, prefix)) last = key;
  return last;
}

/** Null where it was removed since it was listed. */
export async function readJson<S extends z.ZodType>(store: VaultStore, key: string, shape: S, bytesMax: number): Promise<z.infer<S> | null> {
  const got = await store.get(key, { bytesMax });
  if (got.kind === "absent") return null;
  const object = `${store.name}/${key}`;
  let json: unknown;
  try {
    json = JSON.parse(got.bytes.toString("utf8"));
  } catch {
    throw new ObjectCorrupt({ object, reason: "it is not JSON" });
  }
  const parsed = shape.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ObjectCorrupt({ object, reason: faultsOf(parsed.error).slice(0, 3).join("; ") });
}
