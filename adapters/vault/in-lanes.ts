/**
 * Several of a list's items under way at once, and none left under way when it ends: after a failure no further item is begun,
 * the ones that were go on to their end, and only then is the first failure thrown. Whoever called may then close what they used.
 */
export async function inLanes<T>(items: Iterable<T>, lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  let failure: { readonly error: unknown } | null = null;
  const waiting = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = waiting.next(); !next.done && failure === null; next = waiting.next()) {
      await work(next.value).catch((error: unknown) => {
        failure ??= { error };
      });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
}
