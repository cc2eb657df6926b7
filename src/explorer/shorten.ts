/** Makes a walk to a violation shorter: without its loops, then without every part that it can do without. */
import type { LearnedOutcome } from './learned.js';
import type { Walked, Walker } from './walker.js';

/** Where a walk may end, asked of a walker: `true` if it is there; an outcome if taking that one is the end. */
export type End = (walker: Walker) => boolean | LearnedOutcome;

/** So many steps may be tried, so that a long walk is not shortened for ever. */
const EFFORT = 500_000;

/**
 * A path to an end that is no longer than the given one, and loses it if any single step is left out (as far as the effort
 * went). It need not be a shortest one.
 * @throws Error if the given path does not lead to the end
 */
export function shorten(walker: Walker, path: Walked, isEnd: End): Walked {
  let effort = EFFORT;
  const attempt = (outcomes: readonly LearnedOutcome[]): readonly LearnedOutcome[] | undefined => {
    effort -= outcomes.length;
    return follow(walker, path.start, outcomes, isEnd);
  };
  let best = attempt(path.outcomes);
  if (!best) throw new Error('a walk does not lead where it led before: the walk or a step is wrong');
  for (let size = best.length >> 1; size >= 1 && effort > 0;) {
    let shorter = false;
    for (let from = 0; from < best.length && effort > 0;) {
      const tried = attempt([...best.slice(0, from), ...best.slice(from + size)]);
      if (tried && tried.length < best.length) {
        best = tried;
        shorter = true;
      } else from += size;
    }
    if (!shorter) size >>= 1;
    else size = Math.min(size, best.length >> 1) || 1;
  }
  return { start: path.start, outcomes: best };
}

/** Follows outcomes as far as they are possible, leaving out those that are not, to the first end; then without loops. */
function follow(
  walker: Walker,
  start: number,
  outcomes: readonly LearnedOutcome[],
  isEnd: End,
): readonly LearnedOutcome[] | undefined {
  walker.start(start);
  let taken: LearnedOutcome[] = [];
  // Where each state of the path was: a step back to one of them takes the loop out.
  const seen = new Map([[walker.key(), 0]]);
  const keys = [walker.key()];
  for (let i = 0; ; i++) {
    const end = isEnd(walker);
    if (end !== false) return end === true ? taken : [...taken, end];
    if (i === outcomes.length) return undefined;
    const next = walker.like(outcomes[i]);
    if (!next) continue;
    walker.take(next);
    const key = walker.key();
    const before = seen.get(key);
    if (before === undefined) {
      taken.push(next);
      seen.set(key, taken.length);
      keys.push(key);
      continue;
    }
    taken = taken.slice(0, before);
    for (const gone of keys.splice(before + 1)) seen.delete(gone);
  }
}
