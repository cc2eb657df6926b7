/** The model without any edit, before anything is tried. */
import type { Reference } from '../../audit/reference.js';
import { count, pairs, plural, styled, type Line } from '../../report/index.js';
import { Exit, type ExitCode } from '../exit.js';
import { StatusLine } from '../status-line.js';
import { complain, warn, type Terminal } from '../terminal.js';
import type { AuditOptions } from './options.js';
import type { AuditPool } from './pool.js';
import type { Subject } from './subject.js';

/** What the audits of all models share. */
export interface Means {
  readonly options: AuditOptions;
  readonly terminal: Terminal;
  readonly pool: AuditPool;
  readonly signal: AbortSignal;
}

/** What is known of the model without edits; or the exit code, once it is said why not. */
export async function plainOf(subject: Subject, { terminal, pool }: Means): Promise<Reference | ExitCode> {
  const { model } = subject.machine;
  const line = new StatusLine(terminal);
  const timer = setInterval(() => line.show(() => `${model}  without any edit  ${count(pool.states())} states`), 100);
  const plain = await explorePlain(subject, pool).finally(() => {
    clearInterval(timer);
    line.clear();
  });
  if (plain.kind === 'known') return plain.reference;
  if (plain.kind === 'interrupted') {
    warn(terminal, [[`${model}: interrupted before the model without any edit was explored`]]);
    return Exit.undecided;
  }
  complain(
    terminal,
    plain.kind === 'wrong'
      ? `${model} can't be audited: without any edit, ${plain.why}`
      : `${model} is not audited: without any edit it was not explored whole, so nobody knows what an edit breaks\n${plain.why}\na larger --max-states or --timeout, or a smaller --scope, mends that`,
  );
  return plain.kind === 'wrong' ? Exit.error : Exit.undecided;
}

/** What is known of the model without edits, or why not. */
type PlainFound =
  | { readonly kind: 'known'; readonly reference: Reference }
  | { readonly kind: 'incomplete' | 'wrong'; readonly why: string }
  | { readonly kind: 'interrupted' };

/**
 * Explores the model without edits. What it violates then no edit can break: those properties, and the monitors that
 * only they need, are left out, and it is explored again without them.
 */
async function explorePlain(subject: Subject, pool: AuditPool): Promise<PlainFound> {
  let { asked } = subject;
  let violated: readonly string[] = [];
  for (;;) {
    const plain = await pool.plain(subject.common, asked, subject.all);
    if (plain.interrupted) return { kind: 'interrupted' };
    if ('wrong' in plain) return { kind: 'wrong', why: plain.wrong };
    if ('incomplete' in plain) return { kind: 'incomplete', why: plain.incomplete };
    if (plain.violated.length === 0)
      return { kind: 'known', reference: { ...plain.reference, violated, properties: asked } };
    violated = [...violated, ...plain.violated];
    asked = asked.filter((id) => !violated.includes(id));
    if (asked.length === 0)
      return { kind: 'wrong', why: 'every property is violated without any edit: an edit can break nothing more' };
  }
}

/** What is audited, and what it is compared with. */
export function headLines(
  { found, machine }: Subject,
  reference: Reference,
  { maxStates, timeout }: AuditOptions,
): Line[] {
  const { states, transitions, depth, properties, violated } = reference;
  const row = (title: string, text: string): Line => ['  ', styled('dim', title.padEnd(10)), text];
  const time = timeout === undefined ? '' : `, ${timeout} s`;
  return [
    [styled('bold', machine.model), `  ${found.model.title}`],
    row('scope', pairs(machine.scope) || 'none'),
    ...machine.denied.map((id) => row('denied', id)),
    row('unedited', `${plural(states, 'state')}, ${plural(transitions, 'transition')}, depth ${count(depth)}`),
    row('asked', properties.join(' ')),
    ...(violated.length === 0 ? [] : [row('left out', `${violated.join(' ')} (violated without any edit)`)]),
    row('limits', `${count(maxStates)} states${time} an edit`),
  ];
}
