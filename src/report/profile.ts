/** Why a model has so many states: what its variables, its handlers in flight, its levels and its parameters add. */
import type { Machine } from '../language/index.js';
import type { Census } from '../explorer/census.js';
import type { SearchResult } from '../explorer/result.js';
import { table } from './coverage-counts.js';
import { count, duration, plural, styled, type Line } from './lines.js';

/** The profile of a search. Lists come with what costs most first. */
export interface Profile {
  /** Over so many states: all of the levels that were expanded to their end. */
  readonly states: number;
  /** How many values each variable took, of how many that its sort has, and what that takes in a packed state. */
  readonly variables: readonly {
    readonly name: string;
    readonly codes: number;
    /** `null`: nobody knows, as for frames. */
    readonly possible: number | null;
    readonly bits: number;
  }[];
  /** Of one state: bits in use, and 32-bit words. */
  readonly packed: { readonly bits: number; readonly words: number };
  /** States in which two handlers are in flight together, or one alone, or none; more than two make several pairs. */
  readonly pairs: readonly { readonly handlers: readonly string[]; readonly states: number }[];
  /** States by level. */
  readonly levels: readonly number[];
  /** Distinct situations in which each step was computed. */
  readonly steps: readonly { readonly id: string; readonly learned: number }[];
  /** The model with one parameter a step smaller. */
  readonly smaller: readonly Smaller[];
}

/** What one step less of a parameter gives. */
export interface Smaller {
  readonly parameter: string;
  readonly value: number | boolean;
  readonly states: number;
  readonly seconds: number;
  /** It was cut at a limit: there are more states than these. */
  readonly cut: boolean;
  /** Why that scope can't be built. */
  readonly impossible?: string;
}

/** @param census of the same search */
export function profileOf(
  { machine, codes }: Pick<SearchResult, 'machine' | 'codes'>,
  census: Census,
  smaller: readonly Smaller[],
): Profile {
  const { bits, words, states, levels, learned } = census;
  const variables = machine.variables.map(({ name, sort }) => {
    const possible = Number.isFinite(sort.cardinality) ? sort.cardinality : null;
    return { name, codes: codes[name], possible, bits: bits[name] };
  });
  return {
    states,
    variables: variables.sort((a, b) => b.codes - a.codes),
    packed: { bits: variables.reduce((sum, own) => sum + own.bits, 0), words },
    pairs: pairsOf(machine, census),
    levels,
    steps: [...learned].map(([id, own]) => ({ id, learned: own })).sort((a, b) => b.learned - a.learned),
    smaller,
  };
}

function pairsOf({ processes }: Machine, { inFlight }: Census): Profile['pairs'] {
  const sums = new Map<string, { handlers: readonly string[]; states: number }>();
  const add = (handlers: readonly string[], states: number): void => {
    const key = handlers.join('\0');
    sums.set(key, { handlers, states: (sums.get(key)?.states ?? 0) + states });
  };
  const order = processes.map(({ name }) => name);
  for (const { handlers, states } of inFlight) {
    const all = order.flatMap((name) => (Object.hasOwn(handlers, name) ? [handlers[name]] : [])).sort();
    if (all.length < 2) add(all, states);
    // Two processes in the same handlers are one pair, however often it occurs in one state.
    const pairs = all.flatMap((a, i) => all.slice(i + 1).map((b) => [a, b]));
    const distinct = new Map(pairs.map((pair) => [pair.join('\0'), pair]));
    for (const pair of distinct.values()) add(pair, states);
  }
  return [...sums.values()].sort((a, b) => b.states - a.states);
}

/** Rows of a table, at the most. */
const TOP = 12;

/** The profile as tables, each with its largest rows. */
export function profileLines({ states, variables, packed, pairs, levels, steps, smaller }: Profile): Line[] {
  const share = (part: number): string => `${((100 * part) / Math.max(states, 1)).toFixed(1)}%`;
  const peak = levels.indexOf(levels.reduce((a, b) => Math.max(a, b), 0));
  const constant = variables.filter(({ codes }) => codes <= 1).length;
  const moving = variables.filter(({ codes }) => codes > 1);
  return [
    ...top(
      `variables: ${packed.bits} bits a state, ${plural(packed.words, 'word')} of 32; ${constant} never change`,
      ['values seen', 'of possible', 'bits'],
      moving.map(({ name, codes, possible, bits }) => [name, count(codes), possibleOf(possible), String(bits)]),
    ),
    ...top(
      'handlers in flight together',
      ['states', 'share'],
      pairs.map(({ handlers, states: own }) => [words(handlers), count(own), share(own)]),
    ),
    ...top(
      'steps: distinct situations that had to be computed',
      ['situations'],
      steps.map(({ id, learned }) => [id, count(learned)]),
    ),
    [],
    [
      styled('bold', 'levels'),
      `  ${count(levels.length)}; the largest is level ${count(peak)} with ${plural(levels[peak], 'state')}`,
    ],
    ['  ', spark(levels)],
    ...table(
      'one step smaller',
      ['states', 'share', 'took'],
      smaller.map(({ parameter, value, states: own, seconds, cut, impossible }) =>
        impossible === undefined
          ? [
              `${parameter}=${value}`,
              `${cut ? '> ' : ''}${count(own)}`,
              `${cut ? '> ' : ''}${share(own)}`,
              duration(seconds),
            ]
          : [`${parameter}=${value}  can't be built: ${impossible}`, '-', '-', '-'],
      ),
    ),
    [],
    [styled('dim', `counted over ${plural(states, 'state')}`)],
  ];
}

function top(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): Line[] {
  const rest = rows.length - TOP;
  return [
    ...table(title, heads, rows.slice(0, TOP)),
    ...(rest > 0 ? [[styled('dim', `  and ${count(rest)} more (--json has all)`)]] : []),
  ];
}

const possibleOf = (n: number | null): string => (n === null ? '' : n < 1e9 ? count(n) : n.toExponential(0));

const words = (handlers: readonly string[]): string =>
  handlers.length === 0 ? 'nobody' : handlers.length === 1 ? `${handlers[0]} alone` : handlers.join(' + ');

const BARS = '▁▂▃▄▅▆▇█';
/** Characters that the curve of levels may take. */
const WIDE = 72;

/** A curve of the levels' sizes; where there are more levels than characters, each stands for the largest of some. */
function spark(levels: readonly number[]): string {
  const group = Math.ceil(levels.length / WIDE);
  const heights = Array.from({ length: Math.ceil(levels.length / group) }, (_, i) =>
    levels.slice(i * group, (i + 1) * group).reduce((a, b) => Math.max(a, b), 0),
  );
  const most = heights.reduce((a, b) => Math.max(a, b), 1);
  return heights.map((height) => BARS[Math.min(7, Math.floor((8 * height) / most))]).join('');
}
