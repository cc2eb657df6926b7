/** Random models with one footprint that lies: what a step does unannounced must be a fault, never a silent result. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { execute } from '../../src/explorer/execute.js';
import { build, keyOf, type Machine } from '../../src/language/index.js';
import type { RandomModel } from '../oracle/ast.js';
import { randomModel } from '../oracle/arbitrary.js';
import { honest, type Footprints, type Named } from '../oracle/footprint.js';
import { fitted, models, parameters, patient } from '../oracle/fit.js';
import { naiveSearch } from '../oracle/naive.js';
import { translate } from '../oracle/translate.js';

/** Leaves one name out: of reads and writes, or of writes only. */
function lying(label: string, key: string, writesOnly: boolean): Footprints {
  return (step, ast) => {
    const { reads, writes } = honest(step, ast);
    if (step.label !== label) return { reads, writes };
    const without = (names: readonly Named[]): Named[] => names.filter((one) => one.key !== key);
    return writesOnly
      ? { reads: [...reads, ...writes.filter((one) => one.key === key)], writes: without(writes) }
      : { reads: without(reads), writes: without(writes) };
  };
}

function stepsOf(model: RandomModel) {
  const steps: Extract<RandomModel['handlers'][number]['body'][number], { k: 'step' }>[] = [];
  const walk = (nodes: RandomModel['handlers'][number]['body']): void => {
    for (const node of nodes) {
      if (node.k === 'step') steps.push(node);
      if ('body' in node) walk(node.body);
      if (node.k === 'cleanup') walk(node.cleanup);
    }
  };
  for (const { body } of [...model.handlers, ...model.fragments, ...model.tails]) walk(body);
  for (const process of model.processes) if (process.k === 'rules') steps.push(...process.rules);
  return steps;
}

/** Every outcome, of every state of the honest model, that the liar gives must be an honest one. */
function silentLies(honestMachine: Machine, liar: Machine): { silent: string[]; faults: number } {
  const silent: string[] = [];
  let faults = 0;
  const text = (state: readonly unknown[]): string =>
    JSON.stringify(state.map((value, i) => keyOf(honestMachine.variables[i].sort, value)));
  for (const state of naiveSearch(honestMachine, 500).reached) {
    const truth = new Set(
      execute(honestMachine, state).offers.map(
        (offer) =>
          JSON.stringify([offer.process, offer.action, offer.outcome.label, offer.outcome.emits]) + text(offer.state),
      ),
    );
    const { offers, faults: wrong } = execute(liar, state);
    const lies = offers.map(
      (offer) =>
        JSON.stringify([offer.process, offer.action, offer.outcome.label, offer.outcome.emits]) + text(offer.state),
    );
    silent.push(...lies.filter((lie) => !truth.has(lie)));
    faults += wrong.filter(({ fault }) => fault.kind === 'footprint').length;
    // What is missing must have become a fault of that step.
    if (lies.length < truth.size && wrong.length === 0) silent.push(`something is missing from ${text(state)}`);
  }
  return { silent, faults };
}

it(
  'a read or write that a footprint does not name is a fault, never a silent result',
  async () => {
    let caught = 0;
    const run = fc.asyncProperty(
      fc.tuple(randomModel, fc.nat(), fc.nat(), fc.boolean()),
      patient(([drawn, which, name, writesOnly]) => {
        const { model } = fitted({ ...drawn, edits: [] });
        const steps = stepsOf(model);
        const step = steps[which % steps.length];
        const { reads, writes } = honest(step, model);
        const names = writesOnly && writes.length > 0 ? writes : [...reads, ...writes];
        if (names.length === 0) return;
        const { key } = names[name % names.length];
        const liar = build(translate(model, lying(step.label, key, writesOnly)));
        const { silent, faults } = silentLies(build(translate(model)), liar);
        expect(silent).toEqual([]);
        caught += faults;
      }),
    );
    await fc.assert(run, parameters(Math.ceil(models / 5)));
    expect(caught).toBeGreaterThan(0);
  },
  60_000 + models * 1000,
);
