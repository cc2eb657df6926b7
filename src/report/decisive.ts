/** The few steps of a trace that matter most: what broke the property, what failed, and where an edit let something pass. */
import type { StoredStep, StoredTrace } from './stored-trace.js';

/** A step that is marked, and why. */
export interface Decisive {
  /** Counted from 1. */
  readonly step: number;
  readonly why: readonly string[];
}

/** Answers that are no failure, though a check gave them: there was nothing to do. */
const FINE = /^(?:0|OK|SUCCESS)?$/;

/** Errors that say no more than "try again". */
const RETRY = /^-(?:EAGAIN|EPROBE_DEFER|ERESTARTSYS)$/;

/** What the steps of a trace are marked for, in their order. All of it is in the trace: no model is needed. */
export function decisiveSteps(trace: StoredTrace): Decisive[] {
  const all = new Map<number, string[]>();
  const mark = (step: number, why: string): void => {
    const known = all.get(step) ?? [];
    all.set(step, known.includes(why) ? known : [...known, why]);
  };
  const name = (variable: number): string => trace.variables[variable].name;
  const { id, kind } = trace.property;
  const end = kind === 'reachable' ? `${id} would not be reached` : `${id} would hold at the end`;
  for (const { step, variable } of trace.turns ?? []) mark(step, `without this change of ${name(variable)}, ${end}`);
  for (const [variable, who] of kept(trace)) {
    const step = trace.steps.findLastIndex(({ writes }) => writes.some((write) => write.variable === variable)) + 1;
    if (step > 0) mark(step, `${name(variable)} stays so from here on, and ${who} looks at it`);
  }
  const held = heldLock(trace);
  if (held > 0) mark(held, `it takes ${trace.guilty.held}, which is still held at the end`);
  for (const { step, why } of trace.impasse?.choices ?? [])
    mark(
      step,
      why === 'may' ? 'the loop goes round by this step, which nobody has to take' : 'it could end otherwise here',
    );
  trace.steps.forEach((step, i) => {
    for (const why of [failure(step), ...edited(trace, i)]) if (why !== '') mark(i + 1, why);
  });
  return [...all].map(([step, why]) => ({ step, why })).sort((a, b) => a.step - b.step);
}

/** Where the lock was taken under which something is wrong; 0 if that is not what the trace is about. */
function heldLock({ property, guilty, steps, variables }: StoredTrace): number {
  if (property.kind !== 'lock-order') return 0;
  const lock = variables.findIndex(({ name }) => name === guilty.held);
  const takes = ({ writes }: StoredStep): boolean =>
    writes.some(({ variable, value }) => variable === lock && value.encoded !== 0);
  return steps.findLastIndex(takes) + 1;
}

/** What never changes behind the end, and who looks at it: the goal, and checks that refuse, and who waits. */
function kept({ impasse, variables }: StoredTrace): Map<number, string> {
  const all = new Map<number, string>();
  if (!impasse) return all;
  const readings = [
    ...impasse.goal.map((reading) => ({ reading, who: 'the goal' })),
    ...impasse.refusals.flatMap(({ guard, reads }) =>
      reads.map((reading) => ({ reading, who: guard === '' ? 'who is refused' : `the guard ${guard}` })),
    ),
    ...impasse.waits.flatMap(({ process, reads }) =>
      reads.map((reading) => ({ reading, who: `${process}, which waits,` })),
    ),
  ];
  for (const { reading, who } of readings) {
    const { variable, stays } = reading;
    if (stays && variables[variable].kind !== 'frame' && !all.has(variable)) all.set(variable, who);
  }
  return all;
}

function failure({ label, guard }: StoredStep): string {
  if (RETRY.test(label)) return '';
  if (label.startsWith('-')) return `it fails: ${label}`;
  return guard?.outcome === 'refused' && !FINE.test(label) ? `it is refused: ${label}` : '';
}

/** Where the edits of the program take effect, as far as the ids of the steps say it. */
function edited({ edits, steps }: StoredTrace, i: number): string[] {
  const { action, guard, process, missing = '' } = steps[i];
  const entered = (path: string): boolean => {
    const inside = ({ action: other }: StoredStep): boolean => other.startsWith(`${path}/`);
    const before = steps.slice(0, i).findLast((step) => step.process === process);
    return inside(steps[i]) && !(before && inside(before) && before.next !== 'idle');
  };
  const byEdit = edits
    .flatMap((edit) => edit.split('; '))
    .map((edit): string => {
      const [kind, path, ...rest] = edit.split(' ');
      const plain = action.replace(/~.*$/, '');
      if (kind === 'unlock' && entered(path)) return 'an edit leaves out the lock that would be taken here';
      if (kind === 'move' && plain === path) return 'an edit moved this step';
      if (kind === 'swap' && [path, ...rest].includes(plain)) return 'an edit swapped this step with its neighbour';
      if (kind === 'reread' && action.includes('~reread') && plain === path) return 'an edit takes this step once more';
      return '';
    });
  const passed = guard?.outcome === 'passed by an edit' ? `the guard ${guard.id} would refuse here` : '';
  return [passed, missing === '' ? '' : `an edit took ${missing} out, which belongs here`, ...byEdit];
}
