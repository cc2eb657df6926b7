/** Finding a step, guard or lock by its id: a call path of labels, or a unique part of one. */
import { ModelError } from './errors.js';

/** Does the query name the path? Every segment of the query must appear in the path, in order, the last at its end. */
export function matches(query: string, path: string): boolean {
  const wanted = query.split('/').filter((segment) => segment !== '*');
  const segments = path.split('/');
  if (wanted.length === 0 || segments[segments.length - 1] !== wanted[wanted.length - 1]) return false;
  let at = segments.length - 1;
  for (let i = wanted.length - 2; i >= 0; i--) {
    at--;
    while (at >= 0 && segments[at] !== wanted[i]) at--;
    if (at < 0) return false;
  }
  return true;
}

/**
 * The paths that a query names: exactly one, or with a leading `*` all that match.
 * @throws ModelError for none (with the nearest ids) or, without `*`, for several (with the candidates)
 */
export function resolve(what: string, query: string, paths: Iterable<string>): string[] {
  const all = [...new Set(paths)];
  if (all.includes(query)) return [query];
  const found = all.filter((path) => matches(query, path));
  if (found.length === 0) {
    const near = nearest(query, all);
    const hint = near.length > 0 ? `; did you mean ${near.map((id) => `"${id}"`).join(' or ')}?` : '';
    throw new ModelError(`there is no ${what} "${query}"${hint} ("ringfence list MODEL" prints all ids)`);
  }
  if (found.length > 1 && !query.startsWith('*')) {
    throw new ModelError(
      `"${query}" names ${found.length} ${what}s: ${found.join(', ')}. Write more of the path, or "*/${query}" for all of them`,
    );
  }
  return found;
}

/** How near a word is to a label that contains it. */
const PART = 0.4;

/** The known names closest to a mistyped one, best first, at most three. */
export function nearest(name: string, known: readonly string[]): string[] {
  const last = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  return known
    .map((candidate) => {
      const whole = distance(name.toLowerCase(), candidate.toLowerCase());
      const end = distance(last(name).toLowerCase(), last(candidate).toLowerCase());
      const part = last(candidate).toLowerCase().includes(last(name).toLowerCase()) ? PART : Infinity;
      return {
        candidate,
        score: Math.min(part, whole / Math.max(name.length, 1), (end + 0.5) / Math.max(last(name).length, 1)),
      };
    })
    .filter(({ score }) => score <= 0.5)
    .sort((a, b) => a.score - b.score)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const nextRow = [i];
    for (let j = 1; j <= b.length; j++) {
      nextRow[j] = Math.min(row[j] + 1, nextRow[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = nextRow;
  }
  return row[b.length];
}
