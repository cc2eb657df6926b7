/** The matrix of an audit as text. */
import type { Kind } from './edits.js';
import type { EditClass } from './outcome.js';
import type { Row, Tally } from './rows.js';
import { count, pad, plural, styled, widest, type Line, type Style } from '../report/index.js';

const headings: Readonly<Record<Kind, string>> = {
  pass: 'guards, each letting everything pass',
  drop: 'steps, each dropped',
  swap: 'orders, each two neighbours exchanged',
  unlock: 'locks, each left out',
  call: 'calls, each dropped whole',
};

/** What the edits of a kind are about, one of them. */
export const things: Readonly<Record<Kind, string>> = {
  pass: 'guard',
  drop: 'step',
  swap: 'order',
  unlock: 'lock',
  call: 'call',
};

const styles: Readonly<Record<EditClass, Style>> = {
  'load-bearing': 'good',
  redundant: 'warn',
  meaningless: 'dim',
  incomplete: 'warn',
  failed: 'bad',
};

/** Below each row, with `--verbose`. */
export type Details = (row: Row) => readonly string[];

/** The rows, under a heading for each kind. */
export function matrixLines(rows: readonly Row[], details: Details = () => []): Line[] {
  const name = widest(
    rows.map(({ edit }) => shown(edit)),
    72,
  );
  const kinds = [...new Set(rows.map(({ edit }) => edit.kind))];
  return kinds.flatMap((kind) => [
    [],
    [styled('bold', pad(headings[kind], name + 16)), styled('dim', ' steps     states')],
    ...rows.filter(({ edit }) => edit.kind === kind).flatMap((row) => rowLines(row, name, details)),
  ]);
}

/** Without the word that the heading says. */
const shown = ({ short }: Row['edit']): string => short.slice(short.indexOf(' ') + 1);

function rowLines(row: Row, name: number, details: Details): Line[] {
  const { edit, outcome, length } = row;
  const searched = outcome.failed === '' && (outcome.states > 0 || outcome.sameGraph);
  return [
    [
      '  ',
      styled(styles[row.class], pad(row.class, 12)),
      '  ',
      pad(shown(edit), name),
      (length === undefined ? '' : String(length)).padStart(6),
      (searched ? count(outcome.states) : '').padStart(11),
      '  ',
      row.class === 'load-bearing' ? row.note : styled('dim', row.note),
    ],
    ...details(row).map((detail): Line => ['                ', styled('dim', detail)]),
  ];
}

/** `41 of 44 guards load-bearing, 3 not needed in this scope (2 never refuse here)`. */
export function tallyLine({ kind, all, loadBearing, redundant, idle, meaningless, undecided }: Tally): Line {
  const never = `never ${kind === 'pass' ? 'refuse' : 'fire'}${idle === 1 ? 's' : ''} here`;
  const idly = idle === 0 ? '' : ` (${idle} ${never})`;
  const parts = [
    redundant === 0 ? '' : `${count(redundant)} not needed in this scope${idly}`,
    meaningless === 0 ? '' : `${count(meaningless)} meaningless without`,
    undecided === 0 ? '' : `${count(undecided)} not decided`,
  ];
  const rest = parts.filter((part) => part !== '').map((part) => `, ${part}`);
  return ['  ', styled('bold', `${count(loadBearing)} of ${plural(all, things[kind])} load-bearing`), rest.join('')];
}

/** What the words of the matrix mean; only of those that are in it. */
export function legendLines(rows: readonly Row[]): Line[] {
  const words: readonly (readonly [EditClass, string])[] = [
    ['redundant', 'not needed in this scope, or nothing here would notice'],
    ['meaningless', 'the edited program is none: a later step uses what was never set, or a value leaves its sort'],
    ['incomplete', 'a limit was reached; nothing is broken that far, and nothing is proved'],
  ];
  return words
    .filter(([own]) => rows.some((row) => row.class === own))
    .map(([own, text]): Line => ['  ', styled('dim', `${pad(own, 12)}  ${text}`)]);
}
