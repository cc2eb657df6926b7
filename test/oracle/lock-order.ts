/** The oracle's lock order: which locks are held while others are taken, over the explicit graph. */
import type { RandomModel } from './ast.js';

/** `taken` is empty where something sleeps. */
export interface LockPair {
  readonly held: string;
  readonly taken: string;
  /** Wrong by itself. */
  readonly wrong: boolean;
}

const classOf = (lock: string): string => lock.replace(/\[.*/, '');

/** What a transition does that holds these locks and takes another. */
export function lockPairs(
  model: RandomModel,
  held: readonly string[],
  taken: string | undefined,
  sleeps: boolean,
): LockPair[] {
  const forbids = (lock: string): boolean =>
    ['spin', 'rw'].includes(model.locks.find(({ name }) => name === classOf(lock))!.kind);
  const pairs: LockPair[] = [];
  if (taken !== undefined)
    for (const lock of held)
      pairs.push({ held: lock, taken, wrong: lock === taken || (forbids(lock) && !forbids(taken)) });
  if (sleeps)
    for (const lock of taken === undefined ? held : [...held, taken])
      if (forbids(lock)) pairs.push({ held: lock, taken: '', wrong: true });
  return pairs;
}

/** The length of the shortest search that has seen something wrong, from the length at which each pair is first seen. */
export function firstWrong(first: ReadonlyMap<string, { pair: LockPair; length: number }>): number | undefined {
  const all = [...first.values()];
  return [...new Set(all.map(({ length }) => length))]
    .sort((a, b) => a - b)
    .find((limit) => isWrong(all.flatMap(({ pair, length }) => (length <= limit ? [pair] : []))));
}

/** Two locks of one class are nodes of their own; else classes are. */
function isWrong(pairs: readonly LockPair[]): boolean {
  if (pairs.some(({ wrong }) => wrong)) return true;
  const arrows = pairs.map(({ held, taken }) =>
    classOf(held) === classOf(taken) ? [held, taken] : [`${classOf(held)}*`, `${classOf(taken)}*`],
  );
  const reach = (from: string, seen: readonly string[]): boolean =>
    arrows.some(([a, b]) => a === from && (b === seen[0] || (!seen.includes(b) && reach(b, [...seen, b]))));
  return arrows.some(([a]) => reach(a, [a]));
}
