/** A trace in fewer, larger parts: neighbouring steps of one actor in one handler, with what they change together. */
import type { Encoded } from '../language/index.js';
import type { StoredStep, StoredTrace } from './stored-trace.js';

/** What some steps changed in the end. */
export interface NetChange {
  /** A number in {@link StoredTrace.variables}. */
  readonly variable: number;
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** Neighbouring steps of one actor: all of one handler invocation, or all of hardware. */
export interface Segment {
  readonly process: string;
  /** The handler as ids have it; empty for hardware. */
  readonly handler: string;
  /** Number of the first and last step, counted from 1. */
  readonly from: number;
  readonly to: number;
  readonly steps: readonly StoredStep[];
  /** Its first step starts the handler; its last one ends it. */
  readonly begins: boolean;
  readonly returns: boolean;
}

/** The handler of a step; empty for hardware. */
export const handlerOf = ({ action, next }: Pick<StoredStep, 'action' | 'next'>): string =>
  next === '' ? '' : action.split('/')[0];

/** The segments of a trace in order. A loop starts a new one. */
export function segmentsOf({ steps, loop }: StoredTrace): Segment[] {
  const segments: (Segment & { steps: StoredStep[]; to: number; returns: boolean })[] = [];
  const inside = new Set<string>();
  steps.forEach((step, i) => {
    const handler = handlerOf(step);
    const { process } = step;
    const last = segments.at(-1);
    const begins = handler !== '' && !inside.has(process);
    const returns = step.next === 'idle';
    if (returns) inside.delete(process);
    else if (handler !== '') inside.add(process);
    if (last && last.process === process && last.handler === handler && !begins && i !== loop) {
      last.steps.push(step);
      last.to = i + 1;
      last.returns = returns;
    } else segments.push({ process, handler, from: i + 1, to: i + 1, steps: [step], begins, returns });
  });
  return segments;
}

/** All values that the variables of a trace have had, found by step. */
export class History {
  /** By variable: after which steps it had which value, printed. */
  private readonly values: { readonly n: number; readonly printed: string }[][];

  constructor(readonly trace: StoredTrace) {
    this.values = trace.initial.map(({ printed }) => [{ n: 0, printed }]);
    trace.steps.forEach(({ writes }, i) => {
      for (const { variable, value } of writes) this.values[variable].push({ n: i + 1, printed: value.printed });
    });
  }

  /** The value of a variable after step `n` (0: at first), printed. */
  at(variable: number, n: number): string {
    const all = this.values[variable];
    let [low, high] = [0, all.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (all[middle].n <= n) low = middle;
      else high = middle - 1;
    }
    return all[low].printed;
  }

  /** What the steps `from` to `to` (counted from 1) change together, in the order of the first change; frames apart. */
  net(from: number, to: number): NetChange[] {
    const found = new Map<number, Map<string, { before: string; after: string }>>();
    for (const step of this.trace.steps.slice(from - 1, to))
      for (const { variable, path, before, after } of step.changes) {
        const paths = found.get(variable) ?? new Map<string, { before: string; after: string }>();
        found.set(variable, paths);
        const known = paths.get(path);
        if (known) known.after = after;
        else paths.set(path, { before, after });
      }
    return [...found].flatMap(([variable, paths]): NetChange[] => {
      // A part and the whole that it is part of: their changes can't be added up, so the whole is told.
      const names = [...paths.keys()].sort();
      const nested = names.some((name, i) => i > 0 && name.startsWith(names[i - 1]));
      const all = nested
        ? [{ path: '', before: this.at(variable, from - 1), after: this.at(variable, to) }]
        : [...paths].map(([path, change]) => ({ path, ...change }));
      return all.filter(({ before, after }) => before !== after).map((change) => ({ variable, ...change }));
    });
  }
}

/**
 * The handler's own locals in a call, the first value of each. Those of fragments are left out: their full names, which
 * only the encoded frame has, name the fragment.
 */
export function argumentsOf(trace: StoredTrace, handler: string, steps: readonly StoredStep[]): Map<string, string> {
  const all = new Map<string, string>();
  const own = new Set<string>();
  for (const { process, args, writes } of steps) {
    const frame = writes.find(({ variable }) => trace.variables[variable].name === process)?.value.encoded;
    for (const name of localsIn(frame)) if (name.startsWith(`${handler}.`)) own.add(name.slice(handler.length + 1));
    for (const [name, value] of Object.entries(args)) if (own.has(name) && !all.has(name)) all.set(name, value);
  }
  return all;
}

/** Full names of the locals in an encoded frame: `[place, [[name, value], ...]]`. */
function localsIn(frame: Encoded | undefined): string[] {
  const locals = Array.isArray(frame) ? (frame[1] as Encoded | undefined) : undefined;
  if (!Array.isArray(locals)) return [];
  return locals.flatMap((pair) => (Array.isArray(pair) && typeof pair[0] === 'string' ? [pair[0]] : []));
}

/** Arguments as they stand between a call's parentheses: a value that says what it is goes without its name. */
export function callWords(args: ReadonlyMap<string, string>): string {
  const words = [...args]
    .filter(([, value]) => value !== '-' && !/[{[(⟨]/u.test(value))
    .map(([name, value]) => (/^[a-z]+\d+$/i.test(value) ? value : `${name}=${value}`));
  return [...new Set(words)].join(', ');
}
