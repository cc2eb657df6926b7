/** What the built-in models bring besides what they are made of: scenarios, windows and seeded defects. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { builtin } from '../../models/index.js';
import { windows } from '../../models/windows.js';
import type { Defect } from '../../models/defect.js';
import { describe, type Model } from '../language/index.js';
import { pairs } from '../report/index.js';
import { packageRoot } from './package.js';
import type { Thing } from './things.js';

/** A model itself, with what it is made of. */
export function scenarioThing(model: Model): Thing {
  const { name, title } = model;
  const { builder, scope } = describe(model);
  const page = `docs/scenarios/${name.split('/')[0].toLowerCase()}.md`;
  const facts = [
    ['scope', pairs(scope)],
    ['properties', builder.declared.map(({ id }) => id).join(', ')],
    ['assumes', builder.assumptions.map(({ id }) => id).join(', ')],
    ['windows', windowsOf(name).join(', ')],
    ['page', existsSync(path.join(packageRoot, page)) ? page : ''],
  ] as const;
  const known = facts.filter(([, fact]) => fact !== '');
  return { kind: 'scenario', ids: [name], text: title, facts: known, at: '', models: [name] };
}

const windowsOf = (scenario: string): string[] =>
  windows.filter(({ scenarios }) => scenarios.includes(scenario)).map(({ id }) => id);

/** All windows. */
export const windowThings = (): Thing[] =>
  windows.map(({ id, between, danger, guard, scenarios }): Thing => ({
    kind: 'window',
    ids: [id],
    text: `${between}: ${danger}`,
    facts: [
      ['closed by', guard],
      ['part of', scenarios.join(', ') || 'no scenario'],
    ],
    at: '',
    models: [],
  }));

/** The seeded defects of some models, the rows of one id together. */
export function defectThings(models: readonly Model[]): Thing[] {
  const names = models.map(({ name }) => name);
  const things = new Map<string, Thing>();
  for (const { id, what, model, note } of allDefects().filter((defect) => names.includes(defect.model))) {
    const known = things.get(id);
    if (!known) things.set(id, { kind: 'defect', ids: [id], text: what, facts: notes(note), at: '', models: [model] });
    else {
      things.set(id, { ...known, text: `${known.text}; ${what}`, facts: [...known.facts, ...notes(note)] });
      if (!known.models.includes(model)) known.models.push(model);
    }
  }
  return [...things.values()];
}

/** All seeded defects of the built-in models. */
export const allDefects = (): Defect[] => builtin.flatMap(({ defects = [] }) => defects);

const notes = (note: string | undefined): [string, string][] => (note === undefined ? [] : [['note', note]]);
