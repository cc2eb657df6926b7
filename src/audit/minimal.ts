/** An irredundant set of guards: by greedy removal, in order. */

/** What one trial says of a removal: it breaks nothing, or it does, or that is not known. */
export type Trial<T> = { readonly breaks: boolean; readonly found: T };

/** One guard, as it was decided last. */
export interface Decision<T> {
  readonly guard: string;
  readonly removed: boolean;
  /** What was found without it and without those removed by then. */
  readonly found: T;
}

/** What came of it. */
export interface Minimal<T> {
  readonly decisions: readonly Decision<T>[];
  readonly removed: readonly string[];
  /** False: it was interrupted, and guards are undecided. */
  readonly complete: boolean;
}

interface Entry<T> {
  found: T;
  removed: boolean;
  /** How many were removed when it was decided. */
  given: number;
}

/**
 * Removes each guard, in order, whose removal breaks nothing given those removed before. A guard that was needed need
 * not be so once others are gone (without them the program may no longer come there), so those that stay are tried
 * again until none can go.
 * @param trial what happens without these guards; `undefined`: interrupted
 * @param width how many trials may run side by side; what comes out is the same for any
 */
export async function minimal<T>(
  guards: readonly string[],
  trial: (without: readonly string[]) => Promise<Trial<T> | undefined>,
  width: number,
): Promise<Minimal<T>> {
  const removed: string[] = [];
  const entries = new Map<string, Entry<T>>();
  const result = (complete: boolean): Minimal<T> => ({
    decisions: guards.flatMap((guard) => {
      const own = entries.get(guard);
      return own ? [{ guard, removed: own.removed, found: own.found }] : [];
    }),
    removed: [...removed],
    complete,
  });
  for (;;) {
    const fresh = guards.filter((guard) => !entries.has(guard));
    const stale = guards.filter((guard) => {
      const own = entries.get(guard);
      return own && !own.removed && own.given < removed.length;
    });
    const open = fresh.length > 0 ? fresh : stale;
    if (open.length === 0) return result(true);
    const batch = open.slice(0, width);
    const trials = await Promise.all(batch.map((guard) => trial([...removed, guard])));
    for (const [i, guard] of batch.entries()) {
      const own = trials[i];
      if (!own) return result(false);
      entries.set(guard, { found: own.found, removed: !own.breaks, given: removed.length });
      if (own.breaks) continue;
      removed.push(guard);
      // The others were tried with this one in place.
      break;
    }
  }
}
