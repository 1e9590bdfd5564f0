/** What may be a key in a vault, and how much is listed at once: the same for each kind of store. */

export const LIST_LIMIT_MAX = 1_000;
export const VAULT_KEY_CHARACTERS_MAX = 512;

/** Parts of a-z, 0-9, '.', '_' and '-' with single slashes between; no part begins with a dot, so none leads anywhere else. */
const KEY = /^[a-z0-9_-][a-z0-9._-]*(\/[a-z0-9_-][a-z0-9._-]*)*$/;

/** A key that is not one is a fault of the caller, not of a vault. */
export function refuseKey(key: string): void {
  if (key.length > VAULT_KEY_CHARACTERS_MAX || !KEY.test(key)) {
    throw new RangeError(
      `a vault's key has parts of a-z, 0-9, '.', '_', '-' between single slashes and ${VAULT_KEY_CHARACTERS_MAX} characters at most, not "${key}"`,
    );
  }
}

export function refuseLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_LIMIT_MAX)
    throw new RangeError(`a list has a limit of 1 to ${LIST_LIMIT_MAX}, not ${limit}`);
}
