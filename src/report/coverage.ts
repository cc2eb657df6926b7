/** What a search never saw: steps that never fired, guards that never passed or never refused, codes never returned. */
import { walk, type Described } from '../language/index.js';
import type { Census, Count } from '../explorer/census.js';
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
  /** How often all these were seen, where it was counted. */
  readonly counts?: Counts;
}

/** How often everything was seen; each list in the order of the program or of the properties. */
export interface Counts {
  /** Over so many states. */
  readonly states: number;
  readonly steps: readonly ({ readonly id: string } & Count)[];
  /** `LOCK/lock` and `LOCK/unlock`: a lock that is taken or released in a step of its own, where that was seen. */
  readonly locks: readonly ({ readonly id: string } & Count)[];
  readonly guards: readonly { readonly id: string; readonly passed: Count; readonly refused: Count }[];
  /** `HANDLER -ERRNO` */
  readonly codes: readonly ({ readonly id: string } & Count)[];
  readonly properties: readonly ({ readonly id: string } & Count)[];
}

/** What coverage needs of a search, or of walks. */
export type Seen = Pick<SearchResult, 'seen' | 'properties' | 'census'>;

/** Copies of a step, in a cleanup that stands on several ways out, are the step. */
const whole = (id: string): string => id.replace(/~[^/]*/g, '');

const handlerOf = (id: string): string => id.split('/')[0];

/** @param described the model that was searched, in the same scope and with the same edits */
export function coverageOf({ seen, properties, census }: Seen, { editable }: Described): Coverage {
  const fired = new Set([...seen.labels.keys()].map(whole));
  const passed = new Set([...seen.passed].map(whole));
  const refused = new Set([...seen.refused].map(whole));
  const steps = new Set<string>();
  const guards = new Set<string>();
  const codes = new Set<string>();
  for (const tree of editable.programs.flatMap((program) => [...walk(program)])) {
    const handler = handlerOf(tree.path);
    if (tree.kind === 'step' || (tree.kind === 'release' && !tree.dropped)) steps.add(tree.path);
    if (tree.kind === 'locked' && !tree.unlocked && tree.node.options.pending)
      codes.add(`${handler} -${tree.node.options.errno ?? 'EINTR'}`);
    if (tree.kind !== 'step') continue;
    for (const guard of tree.node.spec.guards ?? []) {
      // A guard that an edit lets everything pass is never asked.
      if (tree.passed.has(guard.id)) continue;
      guards.add(`${tree.path}/${guard.id}`);
      const exit = 'exit' in guard.else ? guard.else.exit : undefined;
      if (exit?.kind === 'fail') codes.add(`${handler} -${exit.errno}`);
    }
  }
  const returned = new Set(
    [...seen.labels].flatMap(([id, labels]) => [...labels].filter(isCode).map((label) => codeOf(id, label))),
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
    ...(census && { counts: countsOf(census, steps, guards, new Set([...codes, ...returned])) }),
  };
}

const isCode = (label: string): boolean => label.startsWith('-');
const codeOf = (step: string, label: string): string => `${handlerOf(step)} ${label.split(' ')[0]}`;

function countsOf(
  census: Census,
  steps: ReadonlySet<string>,
  guards: ReadonlySet<string>,
  codes: ReadonlySet<string>,
): Counts {
  const fired = gather([...census.steps].map(([id, count]) => [whole(id), count]));
  const passed = gather([...census.passed].map(([id, count]) => [whole(id), count]));
  const refused = gather([...census.refused].map(([id, count]) => [whole(id), count]));
  const returned = gather(
    [...census.labels].flatMap(([id, labels]) =>
      [...labels].filter(([label]) => isCode(label)).map(([label, count]) => [codeOf(id, label), count] as const),
    ),
  );
  return {
    states: census.states,
    steps: [...steps].map((id) => ({ id, ...fired(id) })),
    locks: [...new Set([...census.steps.keys()].map(whole))]
      .filter((id) => !steps.has(id))
      .map((id) => ({ id, ...fired(id) })),
    guards: [...guards].map((id) => ({ id, passed: passed(id), refused: refused(id) })),
    codes: [...codes].map((id) => ({ id, ...returned(id) })),
    properties: [...census.properties].map(([id, count]) => ({ id, ...count })),
  };
}

/** The sums of counts by id. */
function gather(all: readonly (readonly [id: string, count: Count])[]): (id: string) => Count {
  const sums = new Map<string, Count>();
  for (const [id, { projections, times }] of all) {
    const before = sums.get(id) ?? { projections: 0, times: 0 };
    sums.set(id, { projections: before.projections + projections, times: before.times + times });
  }
  return (id) => sums.get(id) ?? { projections: 0, times: 0 };
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
