/** What a search never saw: steps that never fired, guards that never passed or never refused, codes never returned. */
import { walk, type Described } from '../language/index.js';
import type { SearchResult } from '../explorer/result.js';
import { pad, plural, styled, widest, type Line } from './lines.js';

/** Everything by id, in the order of the program. */
export interface Coverage {
  /** How many there are of each. */
  readonly steps: number;
  readonly guards: number;
  readonly neverFired: readonly string[];
  readonly neverPassed: readonly string[];
  readonly neverRefused: readonly string[];
  /** `HANDLER -ERRNO`: error codes that a guard or an interrupted wait would give. */
  readonly neverReturned: readonly string[];
  /** `HANDLER -ERRNO`: all error codes that were seen, whoever gave them. */
  readonly returned: readonly string[];
  /** Properties whose condition was never true. */
  readonly neverTrue: readonly string[];
}

/** Copies of a step, in a cleanup that stands on several ways out, are the step. */
const whole = (id: string): string => id.replace(/~[^/]*/g, '');

/** @param described the model that was searched, in the same scope */
export function coverageOf({ seen, properties }: SearchResult, { editable }: Described): Coverage {
  const fired = new Set([...seen.labels.keys()].map(whole));
  const passed = new Set([...seen.passed].map(whole));
  const refused = new Set([...seen.refused].map(whole));
  const steps = new Set<string>();
  const guards = new Set<string>();
  const codes = new Set<string>();
  for (const tree of editable.programs.flatMap((program) => [...walk(program)])) {
    const [handler] = tree.path.split('/');
    if (tree.kind === 'step' || tree.kind === 'release') steps.add(tree.path);
    if (tree.kind === 'locked' && tree.node.options.pending)
      codes.add(`${handler} -${tree.node.options.errno ?? 'EINTR'}`);
    if (tree.kind !== 'step') continue;
    for (const guard of tree.node.spec.guards ?? []) {
      guards.add(`${tree.path}/${guard.id}`);
      const exit = 'exit' in guard.else ? guard.else.exit : undefined;
      if (exit?.kind === 'fail') codes.add(`${handler} -${exit.errno}`);
    }
  }
  const returned = new Set(
    [...seen.labels].flatMap(([id, labels]) =>
      [...labels].filter((label) => label.startsWith('-')).map((label) => `${id.split('/')[0]} ${label.split(' ')[0]}`),
    ),
  );
  const without = (all: ReadonlySet<string>, some: ReadonlySet<string>): string[] =>
    [...all].filter((id) => !some.has(id));
  return {
    steps: steps.size,
    guards: guards.size,
    neverFired: without(steps, fired),
    neverPassed: without(guards, passed),
    neverRefused: without(guards, refused),
    neverReturned: without(codes, returned),
    returned: [...returned].sort(),
    neverTrue: properties.filter(({ vacuous }) => vacuous).map(({ id }) => id),
  };
}

/** What was never seen, one a line. */
export function coverageLines(coverage: Coverage): Line[] {
  const { steps, guards, neverFired, neverPassed, neverRefused, neverReturned, neverTrue } = coverage;
  const seen = `${steps - neverFired.length} of ${plural(steps, 'step')} fired; of ${plural(guards, 'guard')} ${guards - neverPassed.length} passed and ${guards - neverRefused.length} refused`;
  const rows = [
    ...neverFired.map((id) => ['step never fired', id]),
    ...neverPassed.map((id) => ['guard never passed', id]),
    ...neverRefused.map((id) => ['guard never refused', id]),
    ...neverReturned.map((id) => ['never returned', id]),
    ...neverTrue.map((id) => ['condition never true', id]),
  ];
  const width = widest(
    rows.map(([what]) => what),
    30,
  );
  return [
    ['  ', styled('dim', 'coverage  '), seen],
    ...rows.map(([what, id]): Line => ['            ', styled('warn', pad(what, width)), '  ', id]),
  ];
}
