/**
 * What an exact search counted wrongly, as messages. Searches that are not exact may miss states.
 * @param {import('./tools.js').Tool} tool
 * @param {import('./tools.js').Counts} counts
 * @param {import('./sizes.js').Size} size
 * @returns {string[]}
 */
export function mismatches(tool, counts, size) {
  if (!tool.exact) return [];
  return ['states', 'transitions', 'depth']
    .filter((what) => !(what === 'depth' && counts.depth === undefined))
    .filter((what) => counts[what] !== size[what])
    .map((what) => `${tool.title}: ${what} ${counts[what]}, should be ${size[what]}`);
}
