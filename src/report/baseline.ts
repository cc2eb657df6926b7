/**
 * Baselines: what each model gave when somebody last looked, as a file to commit, and what is different now.
 * The file is read as untrusted data; it is written so that one changed number is one changed line.
 */
import type { SearchResult } from '../explorer/result.js';
import { count, pad, pairs, styled, widest, type Line } from './lines.js';
import { ShapeError, absentMeans, dictionary, natural, object, oneOf, scalar, type Reader } from './validate.js';

/** A text that is no baseline that can be read. The message says what is wrong with it. */
export class BaselineError extends Error {
  override readonly name = 'BaselineError';
}

/** What is known of one property: its verdict, and the length of its shortest trace where it has one, in transitions. */
export interface BaselineProperty {
  readonly verdict: 'holds' | 'violated';
  readonly length: number | null;
}

/** What is known of one model in one scope. Only whole searches without an error are kept. */
export interface BaselineEntry {
  readonly scope: Readonly<Record<string, number | string | boolean>>;
  readonly verdict: 'holds' | 'violated';
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly deadlocks: number;
  readonly properties: Readonly<Record<string, BaselineProperty>>;
}

/** Entries by model name. */
export type Baseline = ReadonlyMap<string, BaselineEntry>;

/** One thing that is not as the baseline has it. */
export interface Difference {
  readonly model: string;
  /** `states`, `I-7`, `scope`, ... */
  readonly what: string;
  /** A count, or words; `none` where it is not there. */
  readonly baseline: number | string;
  readonly now: number | string;
}

/** The number of the file's schema: it goes up when a reader of the old one would misunderstand the new one. */
const SCHEMA = 1;
/** Far above thousands of models. */
const MOST_CHARACTERS = 16 * 2 ** 20;
const MOST = 10_000;
const FORMAT = 'ringfence-baseline';

const number = natural(Number.MAX_SAFE_INTEGER);
const verdict = oneOf('holds', 'violated');
const length: Reader<number | null> = absentMeans<number | null>(null, number);

const shape: Reader<{ format: string; schema: number; models: Readonly<Record<string, BaselineEntry>> }> = object({
  format: oneOf(FORMAT),
  schema: number,
  models: dictionary(
    object<BaselineEntry>({
      scope: dictionary(scalar, 1000),
      verdict,
      states: number,
      transitions: number,
      depth: number,
      deadlocks: number,
      properties: dictionary(object<BaselineProperty>({ verdict, length }), MOST),
    }),
    MOST,
  ),
});

/** Reads the text of a baseline file. @throws BaselineError saying what is wrong with it */
export function readBaseline(text: string): Baseline {
  if (text.length > MOST_CHARACTERS) throw new BaselineError(`it is larger than ${MOST_CHARACTERS} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BaselineError(`it is not JSON: ${(error as Error).message}`);
  }
  const field = (name: string): unknown =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
  if (field('format') !== FORMAT) throw new BaselineError(`it has no "format": "${FORMAT}"`);
  const schema = field('schema');
  if (typeof schema === 'number' && schema !== SCHEMA)
    throw new BaselineError(`it has schema ${schema}, and this ringfence reads schema ${SCHEMA}`);
  try {
    return new Map(Object.entries(shape(value, 'baseline').models));
  } catch (error) {
    throw error instanceof ShapeError ? new BaselineError(error.message) : error;
  }
}

/** The text of a baseline file: sorted, a line a property, the same for the same content. */
export function formatBaseline(baseline: Baseline): string {
  const models = sorted(baseline).map(([name, entry]) => {
    const { scope, properties, ...counts } = entry;
    const lines = [
      `"scope": ${inline(Object.entries(scope))}`,
      ...Object.entries(counts).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`),
      `"properties": ${braces(
        sorted(Object.entries(properties)).map(
          ([id, { verdict: own, length: steps }]) =>
            `${JSON.stringify(id)}: ${inline([['verdict', own], ...(steps === null ? [] : [['length', steps] as const])])}`,
        ),
        '      ',
      )}`,
    ];
    return `${JSON.stringify(name)}: ${braces(lines, '    ')}`;
  });
  return `${braces([`"format": "${FORMAT}"`, `"schema": ${SCHEMA}`, `"models": ${braces(models, '  ')}`], '')}\n`;
}

/** By code units: the same order in every locale. */
const sorted = <T>(entries: Iterable<readonly [string, T]>): (readonly [string, T])[] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

const braces = (lines: readonly string[], indent: string): string =>
  lines.length === 0 ? '{}' : `{\n${lines.map((line) => `${indent}  ${line}`).join(',\n')}\n${indent}}`;

const inline = (entries: readonly (readonly [string, unknown])[]): string =>
  entries.length === 0
    ? '{}'
    : `{ ${entries.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(', ')} }`;

/** What a baseline keeps of a result; nothing of a search that is incomplete or that found the model at fault. */
export function entryOf(result: SearchResult): BaselineEntry | undefined {
  const { machine, verdict: own, incomplete, states, transitions, depth, deadlocks, faults } = result;
  if (incomplete || faults.length > 0 || (own !== 'holds' && own !== 'violated')) return undefined;
  const properties: [string, BaselineProperty][] = [];
  for (const { id, verdict: decided, length: steps = null } of result.properties) {
    if (decided !== 'holds' && decided !== 'violated') return undefined;
    properties.push([id, { verdict: decided, length: steps }]);
  }
  const scope = { ...machine.scope };
  return { scope, verdict: own, states, transitions, depth, deadlocks, properties: Object.fromEntries(properties) };
}

/**
 * What is different between two entries of a model; one that is not there is a difference too.
 * Of two scopes nothing else can be compared, so that is then the only difference.
 */
export function compareModel(model: string, before?: BaselineEntry, now?: BaselineEntry): Difference[] {
  if (!before || !now) {
    if (!before && !now) return [];
    return [{ model, what: 'model', baseline: before ? 'there' : NONE, now: now ? 'there' : NONE }];
  }
  const differences: Difference[] = [];
  const compare = <T extends number | string>(what: string, a: T, b: T): void => {
    if (a !== b) differences.push({ model, what, baseline: a, now: b });
  };
  compare('scope', scopeWords(before.scope), scopeWords(now.scope));
  if (differences.length > 0) return differences;
  compare('verdict', before.verdict, now.verdict);
  for (const what of ['states', 'transitions', 'depth', 'deadlocks'] as const) compare(what, before[what], now[what]);
  const ids = new Set([...Object.keys(before.properties), ...Object.keys(now.properties)]);
  for (const id of [...ids].sort())
    compare(id, propertyWords(before.properties, id), propertyWords(now.properties, id));
  return differences;
}

const NONE = 'none';

/** The scope, whatever the order in which its parameters were declared. */
const scopeWords = (scope: BaselineEntry['scope']): string =>
  pairs(Object.fromEntries(sorted(Object.entries(scope)))) || NONE;

function propertyWords(properties: BaselineEntry['properties'], id: string): string {
  if (!Object.hasOwn(properties, id)) return NONE;
  const { verdict: own, length: steps } = properties[id];
  return steps === null ? own : `${own}, length ${count(steps)}`;
}

/** A side of a difference, as it is printed. */
export const sideWords = (side: number | string): string => (typeof side === 'number' ? count(side) : side);

/** Differences as a table. */
export function differenceLines(differences: readonly Difference[]): Line[] {
  const rows = [
    ['model', 'what', 'baseline', 'now'],
    ...differences.map(({ model, what, baseline, now }) => [model, what, sideWords(baseline), sideWords(now)]),
  ];
  const widths = rows[0].map((_, i) =>
    widest(
      rows.map((row) => row[i]),
      60,
    ),
  );
  return rows.map((row, n) =>
    row.map((cell, i) => (n === 0 ? styled('dim', `  ${pad(cell, widths[i])}`) : `  ${pad(cell, widths[i])}`)),
  );
}
