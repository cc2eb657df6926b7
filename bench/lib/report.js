// From the runs of each tool to tables and to the targets of the project.

/**
 * @typedef {object} ToolResult
 * @property {import('./tools.js').Tool} tool
 * @property {{ seconds: number, peakBytes: number, counts: import('./tools.js').Counts[] }[]} runs
 */

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {string} title
 * @property {number} min seconds
 * @property {number} median seconds
 * @property {number} statesPerSecond at the median, over all searches side by side
 * @property {number} transitionsPerSecond
 * @property {number} peakBytes the largest of the runs
 * @property {number} bytesPerState
 * @property {number} states
 * @property {number} missed states that a search which is not exact did not count
 * @property {object} [extra]
 */

/**
 * @param {ToolResult} result
 * @param {import('./sizes.js').Size} size
 * @param {Record<'node' | 'native', number>} idleBytes
 * @returns {Row}
 */
export function rowOf({ tool, runs }, size, idleBytes) {
  const seconds = runs.map((run) => run.seconds);
  const peakBytes = Math.max(...runs.map((run) => run.peakBytes));
  const last = runs.at(-1).counts[0];
  const middle = median(seconds);
  return {
    name: tool.name,
    title: tool.title,
    min: Math.min(...seconds),
    median: middle,
    statesPerSecond: (tool.searches * last.states) / middle,
    transitionsPerSecond: (tool.searches * last.transitions) / middle,
    peakBytes,
    bytesPerState: (peakBytes - tool.searches * idleBytes[tool.kind]) / (tool.searches * last.states),
    states: last.states,
    missed: size.states - last.states,
    extra: last.extra,
  };
}

/**
 * The ratios the project is held to; a ratio whose tools were not all measured has no value. The
 * targets are for size L: on the others, starting a process weighs too much to judge anything.
 * @param {Row[]} rows
 * @param {import('./sizes.js').Size} size
 * @returns {{ text: string, value: number | undefined, target: number, atMost: boolean, met?: boolean }[]}
 */
export function targetsOf(rows, size) {
  const wall = (...names) => smallest(rows.filter(({ name }) => names.includes(name)).map((row) => row.median));
  const one = wall('ringfence-1');
  const two = wall('ringfence-2');
  const pair = wall('ringfence-pair');
  const alone = rows.find(({ name }) => name === 'ringfence-1');
  const judged = size.name === 'L';
  const atLeast = (text, value, target) => judge({ text, value, target, atMost: false }, judged);
  const atMost = (text, value, target) => judge({ text, value, target, atMost: true }, judged);
  return [
    atLeast('1 worker vs SPIN best exact one core', ratio(wall('spin-dfs', 'spin-bfs'), one), 1.4),
    atLeast('2 workers vs SPIN best any', ratio(wall('spin-dfs', 'spin-bfs', 'spin-bfs-par'), two), 1.6),
    atLeast('2 workers vs Rumur 2 threads', ratio(wall('rumur'), two), 6),
    // Throughputs: one search in `two` seconds against two searches in `pair` seconds.
    atLeast('2 workers vs two 1-worker searches side by side', ratio(pair, two && 2 * two), 0.9),
    atMost('bytes per state, 1 worker', alone?.bytesPerState, 32),
    atMost('calls of specification code, 1 worker', alone?.extra?.specCalls, 5000),
  ];
}

function judge({ text, value, target, atMost }, judged) {
  if (!Number.isFinite(value)) return { text, value: undefined, target, atMost };
  if (!judged) return { text, value, target, atMost };
  return { text, value, target, atMost, met: atMost ? value <= target : value >= target };
}

function ratio(a, b) {
  return a !== undefined && b !== undefined ? a / b : undefined;
}

function smallest(values) {
  return values.length > 0 ? Math.min(...values) : undefined;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

const HEADER = [
  'tool',
  'wall min (s)',
  'wall median (s)',
  'states/s',
  'transitions/s',
  'peak (MB)',
  'bytes/state',
  'vs 1 worker',
  'vs 2 workers',
];

function cellsOf(row, rows) {
  const against = (name) => {
    const other = rows.find((candidate) => candidate.name === name);
    return other ? `${(row.median / other.median).toFixed(2)}x` : '-';
  };
  return [
    row.title,
    row.min.toFixed(2),
    row.median.toFixed(2),
    count(row.statesPerSecond),
    count(row.transitionsPerSecond),
    orUnknown(row.peakBytes / 1e6, 0),
    orUnknown(row.bytesPerState, 1),
    against('ringfence-1'),
    against('ringfence-2'),
  ];
}

function orUnknown(value, digits) {
  return Number.isFinite(value) ? value.toFixed(digits) : '-';
}

function count(value) {
  return Math.round(value).toLocaleString('en-US');
}

/** The table as aligned text for a terminal. */
export function asText(rows) {
  const table = [HEADER, ...rows.map((row) => cellsOf(row, rows))];
  const widths = HEADER.map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  const line = (cells) => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])));
  return table.map((cells) => line(cells).join('  ')).join('\n');
}

/** The targets (and what inexact searches missed) as lines of text. */
export function remarksOf(rows, size) {
  const targets = targetsOf(rows, size).map(({ text, value, target, atMost, met }) => {
    const shown = value === undefined ? 'not measured' : atMost ? orUnknown(value, 1) : `${value.toFixed(2)}x`;
    const verdict = met === undefined ? '' : met ? ', met' : ', NOT MET';
    return `${text}: ${shown} (target ${atMost ? '≤' : '≥'} ${target}${verdict})`;
  });
  const inexact = rows
    .filter(({ missed }) => missed !== 0)
    .map(({ title, missed, states }) => `${title}: ${count(states)} states, ${count(missed)} missed`);
  return [...targets, ...inexact];
}

/** The whole report as Markdown. */
export function asMarkdown(rows, { size, heading, facts }) {
  const row = (cells) => `| ${cells.join(' | ')} |`;
  const rule = row(HEADER.map((_, i) => (i === 0 ? '---' : '---:')));
  const table = [row(HEADER), rule, ...rows.map((each) => row(cellsOf(each, rows)))];
  const list = (lines) => lines.map((line) => `- ${line}`);
  return [`## ${heading}`, '', ...list(facts), '', ...table, '', ...list(remarksOf(rows, size)), ''].join('\n');
}
