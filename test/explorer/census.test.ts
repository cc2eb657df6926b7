/** Counts of a census are those of a plain search over `execute`. */
import { expect, it } from 'vitest';
import { builtin } from '../../models/index.js';
import { search } from '../../src/explorer/index.js';
import { execute } from '../../src/explorer/execute.js';
import { Frame, IDLE, build, keyOf, witnessed, type Machine } from '../../src/language/index.js';
import { naiveSearch } from '../oracle/naive.js';
import { mailbox } from '../report/example.js';
import { builtEngine, builtSource } from '../built.js';
import { named } from '../spec/observe.js';

const models = builtin.flatMap((file) => file.models);
const cases = [
  ['mailbox', mailbox, { drivers: 3, size: 2 }],
  ['bench-iommu', named(models, 'bench-iommu'), { cpus: 1, devices: 1, pages: 1 }],
  ['SC-01', named(models, 'SC-01'), { pages: 1, iovas: 1, sharing: false }],
] as const;

const add = (sums: Map<string, number>, key: string, n = 1): void => void sums.set(key, (sums.get(key) ?? 0) + n);
const sorted = (sums: ReadonlyMap<string, number>): [string, number][] =>
  [...sums].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** Transitions by step and label, guards by what they said, states by handlers in flight: counted one by one. */
function plainCounts(machine: Machine) {
  const { reached, transitions } = naiveSearch(machine, 50_000);
  const steps = new Map<string, number>();
  const labels = new Map<string, number>();
  const guards = new Map<string, number>();
  const flights = new Map<string, number>();
  const situations = new Map<string, Set<string>>();
  for (const state of reached) {
    for (const { action, outcome } of execute(machine, state).offers) {
      add(steps, action);
      add(labels, `${action} ${outcome.label}`);
    }
    const inFlight: string[] = [];
    for (const { name, frame, actions } of machine.processes) {
      const own = frame < 0 ? undefined : (state[frame] as Frame);
      if (own && own.pc !== IDLE) inFlight.push(`${name}:${actions(own)[0].id.split('/')[0]}`);
      for (const action of actions(own)) {
        const read = new Set<number>();
        const note = (variable: number): unknown => (read.add(variable), state[variable]);
        const outcomes = action.run(note, (guard, passes) =>
          add(guards, `${passes ? 'passed' : 'refused'} ${action.id}/${guard}`),
        );
        // What monitors read is part of the situation.
        for (const outcome of outcomes) witnessed(machine, action.id, outcome, note);
        const values = [...(frame < 0 ? [] : [frame]), ...read].map(
          (v) => `${v}=${keyOf(machine.variables[v].sort, state[v])}`,
        );
        const known = situations.get(action.id) ?? new Set();
        situations.set(action.id, known.add(`${name} ${values.join(' ')}`));
      }
    }
    add(flights, inFlight.join(' '));
  }
  const learned = new Map([...situations].map(([id, own]) => [id, own.size]));
  return { states: reached.length, transitions, steps, labels, guards, flights, learned };
}

it.each(cases)('%s: steps, labels, guards, situations and handlers in flight', async (_, model, scope) => {
  const machine = build(model, { scope });
  const plain = plainCounts(machine);
  const { census, ...result } = await search(machine, { census: true });
  if (!census) throw new Error('there is no census');
  const times = (counts: ReadonlyMap<string, { times: number }>): Map<string, number> =>
    new Map([...counts].map(([id, count]) => [id, count.times]));
  expect(census.states).toBe(plain.states);
  expect(sorted(times(census.steps))).toEqual(sorted(plain.steps));
  expect([...census.steps.values()].reduce((sum, { times }) => sum + times, 0)).toBe(result.transitions);
  const labels = [...census.labels].flatMap(([id, own]) =>
    [...own].map(([label, n]) => [`${id} ${label}`, n] as const),
  );
  expect(sorted(times(new Map(labels)))).toEqual(sorted(plain.labels));
  const said = (word: string, counts: typeof census.passed) =>
    [...times(counts)].map(([id, n]): [string, number] => [`${word} ${id}`, n]);
  expect(sorted(new Map([...said('passed', census.passed), ...said('refused', census.refused)]))).toEqual(
    sorted(plain.guards),
  );
  expect(sorted(census.learned)).toEqual(sorted(plain.learned));
  const flights = census.inFlight.map(({ handlers, states }): [string, number] => [
    Object.entries(handlers)
      .map(([process, handler]) => `${process}:${handler}`)
      .join(' '),
    states,
  ]);
  expect(sorted(new Map(flights))).toEqual(sorted(plain.flights));
  expect(census.levels.reduce((sum, n) => sum + n, 0)).toBe(plain.states);
});

it('counts the states in which an invariant has something to say', async () => {
  const machine = build(named(models, 'SC-01'), { scope: { pages: 1, iovas: 1, cpus: 1 } });
  const { reached } = naiveSearch(machine, 50_000);
  const { census } = await search(machine, { census: true });
  for (const property of machine.properties) {
    if (property.kind !== 'invariant') continue;
    const asked = reached.filter((state) =>
      property.instances.some(({ judge }) => judge((variable) => state[variable]) !== 'vacuous'),
    );
    expect(census?.properties.get(property.id)?.times, property.id).toBe(asked.length);
  }
});

it('counts whole levels only, where a limit was reached', async () => {
  const machine = build(mailbox, { scope: { drivers: 3, size: 2 } });
  const { census, ...result } = await search(machine, { census: true, maxDepth: 3 });
  const whole = await search(build(mailbox, { scope: { drivers: 3, size: 2 } }), { census: true });
  expect(census?.levels).toEqual(whole.census?.levels.slice(0, 4));
  expect(census?.states).toBe(census?.levels.slice(0, 3).reduce((sum, n) => sum + n, 0));
  expect([...(census?.steps.values() ?? [])].reduce((sum, { times }) => sum + times, 0)).toBe(result.transitions);
});

it('is the same for any number of workers, and absent where nobody asked', async () => {
  const { search: run, build: make } = await builtEngine();
  const module = (await import(builtSource('bench-iommu', {}, []).module)) as { default: (typeof models)[number] };
  const scope = { devices: 1, pages: 1 };
  const one = await run(make(module.default, { scope }), { census: true });
  const source = builtSource('bench-iommu', scope, []);
  const two = await run(make(module.default, { scope }), { census: true, workers: 2, source, prefix: 100 });
  expect(sorted(new Map([...one.census!.steps].map(([id, { times }]) => [id, times])))).toEqual(
    sorted(new Map([...two.census!.steps].map(([id, { times }]) => [id, times]))),
  );
  expect(sorted(one.census!.learned)).toEqual(sorted(two.census!.learned));
  expect((await run(make(module.default, { scope }))).census).toBeUndefined();
});
