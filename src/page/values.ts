/** Values of a trace's variables over its steps. Steps are counted from the first that is shown; 0 is before it. */
import type { PageStep, PageTrace } from '../report/page-trace.js';

/** Value by variable after so many steps. */
export function valuesAfter(trace: PageTrace, steps: number): string[] {
  const values = [...trace.initial];
  for (const step of trace.steps.slice(0, steps))
    for (const { variable, value } of step.writes) values[variable] = value;
  return values;
}

/** The steps that write a variable, from 1, in order. */
export function writesOf(trace: PageTrace, variable: number): number[] {
  return trace.steps.flatMap(({ writes }, i) => (writes.some((write) => write.variable === variable) ? [i + 1] : []));
}

/** The nearest of some steps before (`-1`) or after (`1`) one of them or another. */
export function nearestStep(steps: readonly number[], from: number, direction: 1 | -1): number | undefined {
  return direction > 0 ? steps.find((step) => step > from) : steps.findLast((step) => step < from);
}

/** A stretch of steps of one actor in one run of a handler. */
export interface Stretch {
  readonly process: string;
  /** The handler, or the rule of hardware. */
  readonly what: string;
  /** First and last step. */
  readonly from: number;
  readonly to: number;
  /** It goes on with a handler that was begun before, or is not done at its end. */
  readonly continues: boolean;
  readonly unfinished: boolean;
  /** Result of a handler that returns here. */
  readonly result: string;
}

/** The trace in few lines: who did what, one after the other. */
export function stretches(trace: PageTrace): Stretch[] {
  const all: Stretch[] = [];
  const running = new Set(
    trace.variables.flatMap(({ name, kind }, i) => (kind === 'frame' && trace.initial[i] !== 'idle' ? [name] : [])),
  );
  trace.steps.forEach((step, i) => {
    const { process } = step;
    const last = all.at(-1);
    const hardware = step.next === '';
    const what = hardware ? actionParts(step.action).slice(1).join(' › ') : actionParts(step.action)[0];
    const unfinished = !hardware && step.next !== 'idle';
    const result = unfinished || hardware ? '' : step.label;
    const goesOn = last && last.process === process && (last.unfinished || hardware);
    if (goesOn && last.what === what) all[all.length - 1] = { ...last, to: i + 1, unfinished, result };
    else all.push({ process, what, from: i + 1, to: i + 1, continues: running.has(process), unfinished, result });
    if (unfinished) running.add(process);
    else running.delete(process);
  });
  return all;
}

/** The path of a step's id: handler, calls and blocks, step. Marks of copies (`~1`) are left out. */
export const actionParts = (action: string): string[] => action.split('/').map((part) => part.replace(/~.*$/, ''));

/** What happened in a step, as one would say it aloud. */
export function stepWords(trace: PageTrace, n: number): string {
  if (n === 0) return trace.skipped > 0 ? `State before step ${trace.skipped + 1}` : 'Initial state';
  const step = trace.steps[n - 1];
  const changes = step.changes.map(
    (change) => `${changedPlace(trace, change)} from ${change.before} to ${change.after}`,
  );
  return [
    `Step ${trace.skipped + n} of ${trace.skipped + trace.steps.length}: ${step.process}, ${actionParts(step.action).join(', ')}`,
    step.doc,
    changes.length > 0 ? `changes ${changes.join('; ')}` : 'changes no shared variable',
    ...(step.guard ? [`guard ${step.guard.id} ${step.guard.outcome}: ${step.guard.doc}`] : []),
    step.next === 'idle' ? `returns ${step.label}`.trim() : step.label,
    ...decidesBy(trace, n).map((why) => `Decisive: ${why}`),
  ]
    .filter((part) => part.trim() !== '')
    .join('. ');
}

/** Why a step is marked as decisive; empty if it is not. */
export const decidesBy = (trace: PageTrace, n: number): readonly string[] =>
  trace.decisive.find(({ step }) => step === n)?.why ?? [];

/** The variable and the place in it. */
export const changedPlace = (trace: PageTrace, { variable, path }: PageStep['changes'][number]): string =>
  trace.variables[variable].name + path;
