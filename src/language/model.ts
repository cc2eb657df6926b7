/** Models: a scope, a builder function, and what is expected of each property. */
import { createHash } from 'node:crypto';
import type { Machine, MachineProcess } from './machine.js';
import type { ScopeOf, ScopeSpec } from './scope.js';
import type { Var } from './variables.js';
import type { Sort } from './sorts/sort.js';
import type { Edit, Editable } from './edits.js';
import type { Tree } from './tree.js';
import { Builder } from './builder.js';
import { ModelError } from './errors.js';
import { applyEdits, idsFor, parseEdit, withoutEdit } from './edits.js';
import { compile } from './compile.js';
import { expand, slug } from './tree.js';
import { frameSort, idleFrame } from './frame.js';
import { handlerProcess, ruleProcess } from './program.js';
import { nearest } from './ids.js';
import { readScope } from './scope.js';

/** What a user expects of a property. */
export type Expected = 'holds' | 'violated';

/** A model as its file exports it. */
export interface Model {
  readonly name: string;
  /** One line: what it exercises. */
  readonly title: string;
  readonly scope: ScopeSpec;
  /** Left out of a bare `check`. */
  readonly onlyByName: boolean;
  build(m: Builder, scope: Readonly<Record<string, number | string | boolean>>): void;
  expected(scope: Readonly<Record<string, number | string | boolean>>): Readonly<Record<string, Expected>>;
}

/** Defines a model. `expected` names the properties that this scope violates; all others are expected to hold. */
export function model<const S extends ScopeSpec>(definition: {
  name: string;
  title: string;
  scope: S;
  onlyByName?: boolean;
  build: (m: Builder, scope: ScopeOf<S>) => void;
  expected?: (scope: ScopeOf<S>) => Readonly<Record<string, Expected>>;
}): Model {
  const { name, title, scope, onlyByName = false, build, expected } = definition;
  return {
    name,
    title,
    scope,
    onlyByName,
    build: (m, values) => build(m, values as ScopeOf<S>),
    expected: (values) => expected?.(values as ScopeOf<S>) ?? {},
  };
}

/** How a machine is built. */
export interface BuildOptions {
  readonly scope?: Readonly<Record<string, unknown>>;
  /** Edits as text: `drop STEP`, `pass GUARD`, ... or `without ID`. */
  readonly edits?: readonly string[];
  /** Ids of assumptions to do without. */
  readonly denied?: readonly string[];
  /** Ids of the properties to check; all without it. */
  readonly properties?: readonly string[];
}

/** What a machine was built from, for `list`. */
export interface Described {
  readonly builder: Builder;
  readonly editable: Editable;
  readonly scope: Record<string, number | string | boolean>;
}

interface Program {
  readonly process: Builder['processes'][number];
  readonly trees: Tree[][];
}

function open(model: Model, options: BuildOptions): Described & { programs: Program[] } {
  const scope = readScope(model.name, model.scope, options.scope ?? {});
  const builder = new Builder(options.denied);
  model.build(builder, scope);
  checkDenied(model, builder, options.denied ?? []);
  const programs = builder.processes.map((process): Program => ({
    process,
    trees:
      process.kind === 'handlers'
        ? process.handlers.map(expand)
        : [process.rules.map(({ name, spec, origin }): Tree => ({
            kind: 'step',
            path: `${slug(process.name)}/${slug(name)}`,
            scope: '',
            node: { kind: 'step', label: name, spec, origin },
            passed: new Set(),
            split: false,
          }))],
  })); // prettier-ignore
  return { builder, scope, programs, editable: { programs: programs.flatMap(({ trees }) => trees) } };
}

/** The parts of a model in a scope, with its edits, before anything is compiled. @throws ModelError */
export function describe(model: Model, options: BuildOptions = {}): Described {
  const described = open(model, options);
  applyEdits(readEdits(options.edits ?? [], described.editable), described.editable);
  return described;
}

/** Reads edits as a command line gives them; `without ID` is resolved against the model's programs. @throws ModelError */
export function readEdits(texts: readonly string[], programs: Editable): Edit[] {
  return texts.map((text) => {
    const without = /^without\s+(\S+)$/.exec(text.trim());
    return without ? withoutEdit(without[1], programs) : parseEdit(text);
  });
}

/**
 * Builds the machine of a model for one scope, with its edits and the selected properties.
 * @throws ModelError for an unknown or impossible scope, edit or property
 */
export function build(model: Model, options: BuildOptions = {}): Machine {
  const { builder, scope, programs, editable } = open(model, options);
  const edits = applyEdits(readEdits(options.edits ?? [], editable), editable);
  const selected = select(model, builder, options.properties);
  const monitors = new Set(selected.flatMap((property) => property.monitors));
  const watched = new Set([...monitors].flatMap(({ variables }) => variables));
  const variables = builder.variables.filter((variable) => variable.kind !== 'monitor' || watched.has(variable));
  const context = { edited: edits.length > 0 };

  const frames = programs.flatMap(({ process, trees }) => {
    if (process.kind === 'rules') return [];
    const program = compile(process.handlers.map((handler, i) => ({ handler, trees: trees[i] })));
    const sort = frameSort(process.name, new Set(program.places.keys()), program.locals) as Sort<unknown>;
    const frame: Var<unknown> = {
      item: 'var',
      name: process.name,
      kind: 'frame',
      sort,
      initial: idleFrame,
      number: -1,
    };
    return [{ process, program, frame }];
  });
  variables.push(...frames.map(({ frame }) => frame));
  variables.forEach((variable, number) => (variable.number = number));

  const processes = programs.map(({ process, trees }): MachineProcess => {
    if (process.kind === 'rules') return ruleProcess(process.name, remaining(process.rules, trees[0]), context);
    const { program, frame } = frames.find((own) => own.process === process)!;
    return handlerProcess(process.name, program, frame, context);
  });
  const numberOf = (name: string): number => {
    const number = processes.findIndex((process) => process.name === name);
    if (number < 0) throw new ModelError(`model ${model.name} has no process "${name}"`);
    return number;
  };
  const starts =
    builder.starts.length > 0 ? builder.starts.map((start) => start()) : [new Map<Var<unknown>, unknown>()];
  const initialStates = starts.map((changes) =>
    variables.map((variable) => (changes.has(variable) ? changes.get(variable) : variable.initial)),
  );
  initialStates.forEach((state) => checkInitial(model, variables, state));
  const denied = builder.assumptions.flatMap(({ id }) => (options.denied?.includes(id) ? [id] : []));
  return {
    model: model.name,
    scope,
    edits,
    denied,
    digest: digest(model, scope, [...edits, ...denied.map((id) => `deny ${id}`)], variables, builder, initialStates),
    variables,
    processes,
    monitors: [...builder.observers].flatMap(([monitor, observer]) => (monitors.has(monitor) ? [observer] : [])),
    initialStates,
    properties: selected.map((property) => property.build({ all: processes, numberOf })),
    events: builder.events,
    assumptions: builder.assumptions,
  };
}

function checkDenied(model: Model, { assumptions }: Builder, denied: readonly string[]): void {
  const deniable = assumptions.filter((assumption) => assumption.deniable).map(({ id }) => id);
  for (const id of denied) {
    if (deniable.includes(id)) continue;
    const known = assumptions.some((assumption) => assumption.id === id);
    const what = known ? `can't do without its assumption "${id}"` : `has no assumption "${id}"`;
    const near = known ? [] : nearest(id, deniable);
    const all =
      deniable.length > 0 ? `what can be denied is ${deniable.join(', ')}` : 'none of its assumptions can be denied';
    throw new ModelError(
      `model ${model.name} ${what}; ${near.length > 0 ? `did you mean ${near.join(' or ')}?` : all}`,
    );
  }
}

function remaining(rules: Extract<Builder['processes'][number], { kind: 'rules' }>['rules'], trees: readonly Tree[]) {
  return trees.flatMap((tree) => {
    if (tree.kind !== 'step') return [];
    const rule = rules.find(({ name }) => name === tree.node.label);
    return rule ? [{ rule, path: tree.path, passed: tree.passed }] : [];
  });
}

function select(model: Model, builder: Builder, wanted: readonly string[] | undefined): Builder['declared'] {
  const known = builder.declared.map(({ id }) => id);
  const twice = known.find((id, i) => known.indexOf(id) !== i);
  if (twice !== undefined) throw new ModelError(`model ${model.name} declares property "${twice}" twice`);
  for (const id of wanted ?? []) {
    if (known.includes(id)) continue;
    const near = nearest(id, known);
    const hint = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : `; it has ${known.join(', ') || 'none'}`;
    throw new ModelError(`model ${model.name} has no property "${id}"${hint}`);
  }
  return wanted ? builder.declared.filter(({ id }) => wanted.includes(id)) : builder.declared;
}

function checkInitial(model: Model, variables: readonly Var<unknown>[], state: readonly unknown[]): void {
  variables.forEach((variable, i) => {
    try {
      variable.sort.encode(state[i]);
    } catch (error) {
      throw new ModelError(
        `model ${model.name}: initial value of ${variable.name} is outside its sort: ${String(error)}`,
      );
    }
  });
}

/** Changes with the programs' text, the sorts, the scope, the edits, the denied assumptions and the initial states. */
function digest(
  model: Model,
  scope: Described['scope'],
  changes: readonly string[],
  variables: readonly Var<unknown>[],
  builder: Builder,
  initialStates: Machine['initialStates'],
): string {
  const hash = createHash('sha256');
  const add = (part: unknown): void =>
    void hash.update(JSON.stringify(part, functionsAsText) ?? 'undefined').update('\0');
  add([model.name, scope, changes]);
  for (const variable of variables) add([variable.name, variable.kind, variable.sort.name, variable.sort.cardinality]);
  for (const process of builder.processes) add(process);
  for (const state of initialStates) add(state.map((value, i) => variables[i].sort.encode(value)));
  return hash.digest('hex').slice(0, 32);
}

function functionsAsText(key: string, value: unknown): unknown {
  if (key === 'origin' || key === 'sort' || key === 'locals') return undefined;
  return typeof value === 'function' ? value.toString() : value;
}

export { idsFor };
