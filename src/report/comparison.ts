/** What differs between two models, or two edits of one: verdicts, counts, shortest traces, programs. */
import { walk, type Described, type Tree } from '../language/index.js';
import type { PropertyResult, SearchResult, Trace, TraceStep } from '../explorer/result.js';

/** One side: what was searched, and its programs as its edits leave them. */
export interface Side {
  readonly result: SearchResult;
  readonly described: Described;
}

/** A property's verdict on one side, `null` where it has no such property. */
export type Verdict = Pick<PropertyResult, 'verdict' | 'length'> | null;

/** Where two traces of one property part. */
export interface Parting {
  readonly id: string;
  /** Steps that are the same, from the first one on. */
  readonly common: number;
  /** The first step that is not, on each side; `null`: that trace has ended. */
  readonly a: NamedStep | null;
  readonly b: NamedStep | null;
}
export type NamedStep = Pick<TraceStep, 'process' | 'action' | 'label'>;

/** How one handler (or piece of hardware) differs. Rows are `step ID`, `guard ID`, `lock ID`. */
export interface ProgramDifference {
  readonly handler: string;
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
  /** On both sides, with another text of their functions. */
  readonly changed: readonly string[];
  /** The rows that both have stand in another order. */
  readonly reordered: boolean;
}

/** All that differs. */
export interface Comparison {
  readonly counts: readonly { readonly name: string; readonly a: number; readonly b: number }[];
  /** All properties of both, those of A first. */
  readonly properties: readonly {
    readonly id: string;
    readonly a: Verdict;
    readonly b: Verdict;
    readonly same: boolean;
  }[];
  /** Of the properties that have a trace on both sides; only those that part. */
  readonly traces: readonly Parting[];
  readonly programs: readonly ProgramDifference[];
  /** Nothing differs in verdicts, lengths, counts and traces. Programs may. */
  readonly same: boolean;
}

/** Compares two sides. */
export function compareSides(a: Side, b: Side): Comparison {
  const counts = (['states', 'transitions', 'depth', 'deadlocks'] as const).map((name) => {
    return { name, a: a.result[name], b: b.result[name] };
  });
  const [ofA, ofB] = [a, b].map(({ result }) => new Map(result.properties.map((one) => [one.id, one])));
  const ids = [...new Set([...ofA.keys(), ...ofB.keys()])];
  const properties = ids.map((id) => {
    const [own, other] = [verdictOf(ofA.get(id)), verdictOf(ofB.get(id))];
    return { id, a: own, b: other, same: own?.verdict === other?.verdict && own?.length === other?.length };
  });
  const traces = ids.flatMap((id) => {
    const [own, other] = [ofA.get(id)?.trace, ofB.get(id)?.trace];
    return own && other ? partingOf(id, a, own, b, other) : [];
  });
  const same = counts.every((one) => one.a === one.b) && properties.every((one) => one.same) && traces.length === 0;
  return { counts, properties, traces, programs: programDifferences(a.described, b.described), same };
}

const verdictOf = (result: PropertyResult | undefined): Verdict =>
  result ? { verdict: result.verdict, ...(result.length === undefined ? {} : { length: result.length }) } : null;

function partingOf(id: string, a: Side, own: Trace, b: Side, other: Trace): Parting[] {
  const [texts, others] = [textsOf(a, own), textsOf(b, other)];
  const length = Math.max(texts.length, others.length);
  let common = 0;
  while (common < length && texts[common] === others[common]) common++;
  if (common === length) return [];
  return [{ id, common, a: named(own.steps.at(common)), b: named(other.steps.at(common)) }];
}

const named = (step: TraceStep | undefined): NamedStep | null =>
  step ? { process: step.process, action: step.action, label: step.label } : null;

/** Each step with what it changes, frames apart: two models may have other names for the same place. */
function textsOf({ result: { machine } }: Side, { initial, steps }: Trace): string[] {
  return steps.map(({ process, action, label, state }, i) => {
    const before = i === 0 ? initial : steps[i - 1].state;
    const changes = machine.variables.flatMap(({ name, kind, sort }, v) =>
      kind === 'frame' ? [] : sort.diff(before[v], state[v]).map((part) => [name, part.path, part.before, part.after]),
    );
    return JSON.stringify([process, action, label, changes]);
  });
}

function programDifferences(a: Described, b: Described): ProgramDifference[] {
  const [ofA, ofB] = [rowsByHandler(a), rowsByHandler(b)];
  const handlers = [...new Set([...ofA.keys(), ...ofB.keys()])];
  return handlers.flatMap((handler) => {
    const [own, other] = [ofA, ofB].map((rows) => rows.get(handler) ?? new Map<string, string>());
    const shared = [...own.keys()].filter((row) => other.has(row));
    const difference: ProgramDifference = {
      handler,
      onlyA: [...own.keys()].filter((row) => !other.has(row)),
      onlyB: [...other.keys()].filter((row) => !own.has(row)),
      changed: shared.filter((row) => own.get(row) !== other.get(row)),
      reordered: shared.join('\n') !== [...other.keys()].filter((row) => own.has(row)).join('\n'),
    };
    const { onlyA, onlyB, changed, reordered } = difference;
    return onlyA.length + onlyB.length + changed.length > 0 || reordered ? [difference] : [];
  });
}

/** The rows of each handler in their order, with the text of what they do. */
function rowsByHandler({ editable }: Described): Map<string, Map<string, string>> {
  const all = new Map<string, Map<string, string>>();
  for (const tree of editable.programs.flatMap((program) => [...walk(program)])) {
    const [handler] = tree.path.split('/');
    const rows = all.get(handler) ?? new Map<string, string>();
    all.set(handler, rows);
    for (const [row, text] of rowsOf(tree)) if (!rows.has(row)) rows.set(row, text);
  }
  return all;
}

function rowsOf(tree: Tree): [row: string, text: string][] {
  switch (tree.kind) {
    case 'step': {
      const { guards = [], ...rest } = tree.node.spec;
      const asked = guards.filter(({ id }) => !tree.passed.has(id));
      return [
        [`step ${tree.path}`, textOf([rest, tree.split])],
        ...asked.map((guard): [string, string] => [`guard ${tree.path}/${guard.id}`, textOf(guard)]),
      ];
    }
    case 'release':
      return tree.dropped ? [] : [[`step ${tree.path}`, '']];
    case 'locked':
      return tree.unlocked ? [] : [[`lock ${tree.path}`, textOf(tree.node.options)]];
    case 'each':
      return [[`loop ${tree.path}`, String(tree.once)]];
    default:
      return [];
  }
}

const textOf = (part: unknown): string =>
  JSON.stringify(part, (key, value: unknown) => {
    if (key === 'tail' || key === 'origin') return undefined;
    return typeof value === 'function' ? value.toString() : value;
  });
