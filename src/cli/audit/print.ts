/** What an audit found, as a matrix for people or as JSON Lines. */
import path from 'node:path';
import { legendLines, matrixLines, tallyLine } from '../../audit/matrix.js';
import type { Entry } from '../../audit/record.js';
import type { Reference } from '../../audit/reference.js';
import { tallies, type Row } from '../../audit/rows.js';
import { plural, styled, type Line } from '../../report/index.js';
import { commandLine } from '../options.js';
import { say } from '../terminal.js';
import { headLines, type Means } from './plain.js';
import type { ResultsFile } from './results-file.js';
import { auditCommand, checkCommand, fileName, type Subject } from './subject.js';

interface Findings {
  readonly subject: Subject;
  readonly reference: Reference;
  readonly rows: readonly Row[];
  readonly entries: ReadonlyMap<string, Entry>;
  readonly file: ResultsFile;
}

export function report({ subject, reference, rows, entries, file }: Findings, { options, terminal }: Means): void {
  const { edits, machine } = subject;
  const command = (row: Row): string => checkCommand(subject, reference, [row.edit.short], options);
  const tracesOf = (row: Row): readonly string[] => entries.get(row.edit.text)?.traces ?? [];
  if (options.json) {
    const { model, scope, denied } = machine;
    const print = (line: object): void => void terminal.stdout.write(`${JSON.stringify({ model, ...line })}\n`);
    for (const row of rows) {
      const { edit, outcome, length, class: own, idle, watchers, note } = row;
      const { kind, text, short } = edit;
      const found = { class: own, ...(length === undefined ? {} : { length }), idle, watchers, note, ...outcome };
      print({ kind, edit: text, short, ...found, reproduce: command(row), traces: tracesOf(row) });
    }
    const { states, transitions, depth, seconds, properties, violated } = reference;
    const plain = { states, transitions, depth, seconds };
    const counts = { edits: edits.length, explored: rows.length, tallies: tallies(edits, rows) };
    print({ summary: true, scope, denied, properties, leftOut: violated, plain, ...counts, results: file.shown });
    return;
  }
  const details = (row: Row): string[] => [
    ...(row.class === 'redundant' ? [] : [command(row)]),
    ...tracesOf(row).map((trace) => `npx ringfence show ${commandLine([trace])}`),
  ];
  const row = (title: string, ...rest: Line): Line => ['  ', styled('dim', title.padEnd(10)), ...rest];
  const example = rows.find((one) => one.class === 'load-bearing');
  const missing = edits.length - rows.length;
  say(terminal, [
    ...headLines(subject, reference, options),
    ...matrixLines(rows, options.verbose ? details : undefined),
    [],
    ...legendLines(rows),
    [],
    ...tallies(edits, rows).map(tallyLine),
    ...(missing === 0 ? [] : [row('', styled('warn', `${missing} of ${plural(edits.length, 'edit')} not explored`))]),
    row('results', file.shown),
    ...(rows.some((one) => tracesOf(one).length > 0)
      ? [row('traces', `${path.join(options.out, `audit-${fileName(subject)}`)}/`)]
      : []),
    ...(example && !options.verbose
      ? [row('reproduce', command(example), styled('dim', '  (--verbose: of each)'))]
      : []),
    ...(missing === 0 ? [] : [row('go on', auditCommand(subject, options))]),
  ]);
}
