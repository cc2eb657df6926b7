/** `ringfence audit --minimal`: guards that are enough, and of which none can go. */
import type { AuditEdit } from '../../audit/edits.js';
import { minimal, type Decision } from '../../audit/minimal.js';
import { classOf, shortestAttack, type Outcome } from '../../audit/outcome.js';
import type { Reference } from '../../audit/reference.js';
import { count, pad, plural, styled, widest, type Line } from '../../report/index.js';
import { Exit, combine, type ExitCode } from '../exit.js';
import { StatusLine } from '../status-line.js';
import { complain, say, warn } from '../terminal.js';
import { headLines, plainOf, type Means } from './plain.js';
import { checkCommand, type Subject } from './subject.js';

/** What is found without some guards. */
interface Confirmed {
  readonly outcome: Outcome;
}

export async function auditMinimal(subject: Subject, means: Means): Promise<ExitCode> {
  const { options, terminal, pool } = means;
  const reference = await plainOf(subject, means);
  if (typeof reference === 'number') return reference;
  const line = new StatusLine(terminal);
  let trials = 0;
  const timer = setInterval(() => {
    const work = `${plural(trials, 'trial')} done  ${count(pool.states())} states in work`;
    line.show(() => `${subject.machine.model}  guards that can go  ${work}`);
  }, 100);
  const outcome = async (edits: readonly string[], whole: boolean): Promise<Outcome | undefined> => {
    const answer = await pool.explore(subject.common, reference.properties, edits, whole);
    trials++;
    return answer.interrupted ? undefined : answer.outcome;
  };
  const texts = subject.edits.map(({ text }) => text);
  try {
    const found = await minimal(
      texts,
      async (without) => {
        if (means.signal.aborted) return undefined;
        const own = await outcome(without, false);
        return own && { breaks: classOf(own) !== 'redundant', found: own };
      },
      options.workers,
    );
    const confirmed = found.complete ? await outcome(found.removed, true) : undefined;
    line.clear();
    const open = texts.length - found.decisions.length;
    const shared = { decisions: found.decisions, removed: found.removed, confirmed, open };
    (options.json ? printJson : print)(subject, reference, shared, means);
    return exitCode(shared, means);
  } finally {
    clearInterval(timer);
    line.clear();
  }
}

interface Shared {
  readonly decisions: readonly Decision<Outcome>[];
  readonly removed: readonly string[];
  /** The full search without all that were removed; absent: it was interrupted before. */
  readonly confirmed: Outcome | undefined;
  /** How many guards were not decided at all. */
  readonly open: number;
}

function exitCode({ decisions, confirmed }: Shared, { terminal }: Means): ExitCode {
  if (!confirmed) {
    warn(terminal, [['interrupted: guards that are not listed are undecided, and nothing is confirmed']]);
    return Exit.undecided;
  }
  const classes = decisions.map(({ found }) => classOf(found));
  const codes: ExitCode[] = [Exit.asExpected];
  if (classes.includes('incomplete') || classOf(confirmed) === 'incomplete') codes.push(Exit.undecided);
  if (classes.includes('failed')) codes.push(Exit.error);
  if (!['redundant', 'incomplete'].includes(classOf(confirmed))) {
    complain(terminal, 'the full search does not confirm that these guards are enough: this is an error of ringfence');
    codes.push(Exit.error);
  }
  return combine(codes);
}

/** Why a guard stays. */
function reason(found: Outcome): string {
  switch (classOf(found)) {
    case 'load-bearing':
      return `${found.broken.map(({ id }) => id).join(' ')} in ${plural(shortestAttack(found) ?? 0, 'step')}`;
    case 'meaningless':
      return `without it the program is none: ${found.faults.join('; ')}`;
    case 'incomplete':
      return `undecided, so it stays: ${found.incomplete || found.undecided.map(({ id }) => id).join(' ')}`;
    case 'failed':
      return `undecided, so it stays: ${found.failed}`;
    case 'redundant':
      return '';
  }
}

function print(subject: Subject, reference: Reference, shared: Shared, { options, terminal }: Means): void {
  const { decisions, removed, confirmed, open } = shared;
  const names = new Map(subject.edits.map(({ text, short }) => [text, short.slice(short.indexOf(' ') + 1)]));
  const name = (text: string): string => names.get(text) ?? text;
  const width = widest([...names.values()], 72);
  const kept = decisions.length - removed.length;
  const unsure = decisions.filter(({ found }) => ['incomplete', 'failed'].includes(classOf(found))).length;
  const undecided = open + unsure;
  const lines: Line[] = [
    ...headLines(subject, reference, options),
    [],
    [styled('bold', 'guards, each taken out in this order if nothing breaks without it and those taken out before')],
    ...decisions.map(({ guard, removed: gone, found }): Line => [
      '  ',
      gone ? styled('warn', 'taken out') : styled('good', 'stays    '),
      '  ',
      pad(name(guard), width),
      '  ',
      gone ? '' : reason(found),
    ]),
    [],
    [
      styled('bold', `${count(kept)} of ${plural(subject.edits.length, 'guard')} stay`),
      undecided === 0 ? ', and none of them can go' : `; ${plural(undecided, 'guard')} not decided`,
    ],
  ];
  if (confirmed && classOf(confirmed) === 'redundant')
    lines.push([
      `  confirmed: without the other ${removed.length}, nothing breaks in all ${plural(confirmed.states, 'state')}`,
    ]);
  const edits = removed.map((text) => `pass ${name(text)}`);
  if (confirmed) lines.push(['  ', styled('dim', 'reproduce '), checkCommand(subject, reference, edits, options)]);
  say(terminal, lines);
}

function printJson(subject: Subject, reference: Reference, shared: Shared, { options, terminal }: Means): void {
  const { decisions, removed, open } = shared;
  const { model, scope } = subject.machine;
  const confirmed: Confirmed | null = shared.confirmed ? { outcome: shared.confirmed } : null;
  const line = (fields: object): void => void terminal.stdout.write(`${JSON.stringify({ model, ...fields })}\n`);
  const short = (text: string): string => subject.edits.find((edit: AuditEdit) => edit.text === text)?.short ?? text;
  for (const { guard, removed: gone, found } of decisions)
    line({ guard: guard.slice(5), removed: gone, class: classOf(found), ...found });
  const stay = decisions.filter((one) => !one.removed).map(({ guard }) => guard.slice(5));
  const again = checkCommand(subject, reference, removed.map(short), options);
  line({
    summary: true,
    scope,
    stay,
    removed: removed.map((text) => text.slice(5)),
    open,
    confirmed,
    reproduce: again,
  });
}
