/** `ringfence audit`: tries every edit of a model, and prints which of its steps, orders, guards and locks are needed. */
import path from 'node:path';
import type { AuditEdit } from '../../audit/edits.js';
import { classOf, unchanged } from '../../audit/outcome.js';
import type { Entry, Header } from '../../audit/record.js';
import type { Reference } from '../../audit/reference.js';
import { rowOf } from '../../audit/rows.js';
import { plural } from '../../report/index.js';
import { Exit, InputError, combine, type ExitCode } from '../exit.js';
import { interruptible } from '../interrupt.js';
import { findModels } from '../models.js';
import { complain, say, warn, type Terminal } from '../terminal.js';
import { TraceFolder, traceName } from '../trace-output.js';
import { auditMinimal } from './minimal.js';
import type { AuditOptions } from './options.js';
import { plainOf, type Means } from './plain.js';
import { AuditPool } from './pool.js';
import { report } from './print.js';
import { AuditProgress } from './progress.js';
import { ResultsFile, codeDigest } from './results-file.js';
import { fileName, prepare, type Subject } from './subject.js';

/** Audits the named models, or all. @throws InputError and ModelError before anything is explored */
export async function audit(names: readonly string[], options: AuditOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.minimal && options.kind) throw new InputError('--minimal is about guards alone: leave --kind out');
  const found = await findModels(names, terminal.cwd);
  const subjects = found.map((one) => prepare(one, options, terminal.cwd)).filter(({ edits }) => edits.length > 0);
  if (subjects.length === 0)
    throw new InputError(
      options.only === undefined
        ? 'there is no edit of this kind'
        : `no edit has "${options.only}" in it: "ringfence list MODEL" prints all ids`,
    );
  new TraceFolder(options.out, terminal.cwd).check();
  const { signal, release } = interruptible(terminal);
  const pool = new AuditPool(options.workers, signal);
  const codes: ExitCode[] = [];
  try {
    for (const [i, subject] of subjects.entries()) {
      if (signal.aborted) {
        const rest = subjects.slice(i).map(({ machine }) => machine.model);
        warn(terminal, [[`not audited: ${rest.join(', ')}`]]);
        codes.push(Exit.undecided);
        break;
      }
      if (i > 0 && !options.json) say(terminal, [[]]);
      const means = { options, terminal, pool, signal };
      codes.push(await (options.minimal ? auditMinimal : auditOne)(subject, means));
    }
  } finally {
    release();
    await pool.close();
  }
  return combine(codes);
}

async function auditOne(subject: Subject, means: Means): Promise<ExitCode> {
  const { options, terminal } = means;
  const { machine, asked, found, edits } = subject;
  const file = new ResultsFile(path.join(options.out, `audit-${fileName(subject)}.jsonl`), terminal.cwd);
  const { model, scope, denied } = machine;
  const about = { model, code: codeDigest(found), scope, denied, asked };
  const { stored, stale } = options.fresh ? {} : file.read(about);
  if (stale !== undefined)
    warn(terminal, [[`${file.shown} is of another audit (not the same: ${stale}); it is begun anew`]]);
  const reference = stored?.header.reference ?? (await plainOf(subject, means));
  if (typeof reference === 'number') return reference;
  const failures: string[] = [];
  const attempt = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      if (!failures.includes((error as Error).message)) failures.push((error as Error).message);
    }
  };
  const entries = new Map((stored?.entries ?? []).filter(decided).map((entry) => [entry.edit, entry]));
  const taken = edits.filter(({ text }) => entries.has(text)).length;
  if (taken > 0)
    warn(terminal, [
      [`${taken} of ${plural(edits.length, 'edit')} taken from ${file.shown} (--fresh explores them anew)`],
    ]);
  const header: Header = { format: 'ringfence-audit-1', ...about, reference };
  if (!stored) attempt(() => file.begin(header));
  const keep = (entry: Entry): void => {
    entries.set(entry.edit, entry);
    attempt(() => file.add(entry));
  };
  await exploreAll({ subject, reference, entries, keep, attempt }, means);
  const rows = edits.flatMap((edit) => {
    const entry = entries.get(edit.text);
    return entry ? [rowOf(edit, entry.outcome, reference)] : [];
  });
  report({ subject, reference, rows, entries, file }, means);
  for (const failure of failures) complain(terminal, failure);
  const classes = rows.map((row) => row.class);
  const codes: ExitCode[] = [Exit.asExpected];
  if (failures.length > 0 || classes.includes('failed')) codes.push(Exit.error);
  if (rows.length < edits.length || classes.includes('incomplete')) codes.push(Exit.undecided);
  return combine(codes);
}

/** A result that a longer or larger search would not change. */
const decided = ({ outcome }: Entry): boolean => !['incomplete', 'failed'].includes(classOf(outcome));

interface Work {
  readonly subject: Subject;
  readonly reference: Reference;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly keep: (entry: Entry) => void;
  readonly attempt: (write: () => void) => void;
}

async function exploreAll({ subject, reference, entries, keep, attempt }: Work, means: Means): Promise<void> {
  const { options, terminal, pool, signal } = means;
  const open = subject.edits.filter(({ text }) => !entries.has(text));
  const [free, searched] = [true, false].map((same) =>
    open.filter(({ text }) => reference.sameGraph.includes(text) === same),
  );
  for (const { text } of free) keep({ edit: text, outcome: unchanged(reference), traces: [] });
  const folder = new TraceFolder(path.join(options.out, `audit-${fileName(subject)}`), terminal.cwd);
  const progress = new AuditProgress(subject.machine.model, searched.length, pool, terminal);
  try {
    await pool.all(searched, signal, async (edit) => {
      const answer = await pool.explore(subject.common, reference.properties, [edit.text]);
      if (answer.interrupted) return;
      const { outcome, lost } = answer;
      const traces: string[] = [];
      for (const { property, bytes } of answer.traces)
        attempt(() => traces.push(folder.writeAs(nameOfTrace(subject, edit, property), () => bytes)));
      if (lost !== '') attempt(() => fail(`traces of "${edit.text}" are missing: ${lost}`));
      keep({ edit: edit.text, outcome, traces });
      progress.done(outcome.broken.length > 0);
    });
  } finally {
    progress.end();
  }
}

function fail(message: string): never {
  throw new InputError(message);
}

/** The number comes first: edits' ids may differ only in what file names can't have. */
function nameOfTrace({ all }: Subject, edit: AuditEdit, property: string): string {
  const number = String(1 + all.findIndex(({ text }) => text === edit.text)).padStart(3, '0');
  return traceName(`${number}-${edit.short}`, property);
}
