/** The lines of an audit's results file: a header, then one line for each edit that was explored. JSON, checked in full. */
import {
  ShapeError,
  dictionary,
  listOf,
  natural,
  nullable,
  object,
  oneOf,
  scalar,
  text,
  type Reader,
} from '../report/validate.js';
import type { Broken, Outcome } from './outcome.js';
import type { Reference } from './reference.js';

/** What the results of a file are of. Results of another audit say nothing about this one. */
export interface Subject {
  readonly model: string;
  /** Digest of the code that the results come from: the model's and ours. */
  readonly code: string;
  readonly scope: Readonly<Record<string, number | string | boolean>>;
  readonly denied: readonly string[];
  /** The properties that were asked for. */
  readonly asked: readonly string[];
}

/** The first line. */
export interface Header extends Subject {
  readonly format: 'ringfence-audit-1';
  readonly reference: Reference;
}

/** One edit that was explored. */
export interface Entry {
  readonly edit: string;
  readonly outcome: Outcome;
  /** Paths of its traces, as the user can use them. */
  readonly traces: readonly string[];
}

const MANY = 100_000;
const word = text(16_384);
const words = listOf(word, MANY);
const seconds: Reader<number> = (value, place) => {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new ShapeError(`${place} is not a number of seconds`);
};
const flag: Reader<boolean> = (value, place) => {
  if (typeof value === 'boolean') return value;
  throw new ShapeError(`${place} is not true or false`);
};
const amount = natural(Number.MAX_SAFE_INTEGER);

const header = object<Header>({
  format: oneOf('ringfence-audit-1'),
  model: word,
  code: word,
  scope: dictionary(scalar, 1000),
  denied: words,
  asked: words,
  reference: object<Reference>({
    states: amount,
    transitions: amount,
    depth: amount,
    seconds,
    violated: words,
    properties: words,
    neverFired: words,
    neverRefused: words,
    sameGraph: words,
    watchers: dictionary(words, MANY),
  }),
});

const entry = object<Entry>({
  edit: word,
  outcome: object<Outcome>({
    states: amount,
    transitions: amount,
    depth: amount,
    seconds,
    sameGraph: flag,
    incomplete: word,
    broken: listOf(object<Broken>({ id: word, length: nullable(amount) }), MANY),
    faults: words,
    undecided: listOf(object({ id: word, reason: word }), MANY),
    failed: word,
  }),
  traces: words,
});

/** What a results file says. */
export interface Stored {
  readonly header: Header;
  readonly entries: readonly Entry[];
  /** How much of the text is whole lines: a last line that was cut off is no result. */
  readonly length: number;
}

/** Reads the text of a results file. @throws ShapeError naming the line and what is wrong with it */
export function readResults(content: string): Stored {
  const length = content.lastIndexOf('\n') + 1;
  const lines = content.slice(0, length).split('\n').slice(0, -1);
  if (lines.length === 0) throw new ShapeError('line 1 is not there or cut off');
  const [first, ...rest] = lines.map(parsed);
  return { header: header(first, 'line 1'), entries: rest.map((one, i) => entry(one, `line ${i + 2}`)), length };
}

function parsed(line: string, i: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new ShapeError(`line ${i + 1} is no JSON`);
  }
}

/** What two audits differ in, in words; nothing: the results of one are results of the other. */
export function difference(one: Subject, other: Subject): string | undefined {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  if (one.model !== other.model) return 'the model';
  if (!same(one.scope, other.scope)) return 'the scope';
  if (!same(one.denied, other.denied)) return 'the denied assumptions';
  if (!same(one.asked, other.asked)) return 'the properties';
  return one.code === other.code ? undefined : 'the code of the model or of ringfence';
}

/** A line of the file. */
export const lineOf = (what: Header | Entry): string => `${JSON.stringify(what)}\n`;
