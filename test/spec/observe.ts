/** What the tests of scenarios look at. */
import { expect } from 'vitest';
import { search, type SearchResult } from '../../src/explorer/index.js';
import { build, describe, type Model } from '../../src/language/index.js';
import { coverageOf, type Coverage } from '../../src/report/index.js';

export type Scope = Readonly<Record<string, unknown>>;

export const named = (models: readonly Model[], name: string): Model => {
  const found = models.find((model) => model.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
};

export const check = (
  model: Model,
  scope: Scope = {},
  edits: readonly string[] = [],
  denied: readonly string[] = [],
): Promise<SearchResult> => search(build(model, { scope, edits, denied }));

/** Property -> length of its shortest counterexample, of those that do not hold. */
export const violated = ({ properties }: SearchResult): Record<string, number | undefined> =>
  Object.fromEntries(properties.filter(({ verdict }) => verdict !== 'holds').map(({ id, length }) => [id, length]));

/** Properties whose condition is never true. */
export const vacuous = ({ properties }: SearchResult): string[] =>
  properties.filter((property) => property.vacuous).map(({ id }) => id);

/** Searches a model, and holds it to what it expects of itself in this scope. */
export async function asExpected(model: Model, scope: Scope = {}): Promise<SearchResult> {
  const machine = build(model, { scope });
  const result = await search(machine);
  const expected = Object.entries(model.expected(machine.scope)).flatMap(([id, verdict]) =>
    verdict === 'violated' ? [id] : [],
  );
  expect(Object.keys(violated(result)).sort()).toEqual(expected.sort());
  return result;
}

/** Which steps fired, what guards said, which error codes came back. */
export const coverage = async (model: Model, scope: Scope = {}, edits: readonly string[] = []): Promise<Coverage> =>
  coverageOf(await check(model, scope, edits), describe(model, { scope }));

/** `STEP RESULT`, sorted: the results that steps have, on any of their transitions. */
export async function results(model: Model, scope: Scope = {}): Promise<string[]> {
  const { seen } = await search(build(model, { scope, properties: [] }));
  const all = [...seen.labels].flatMap(([step, labels]) => [...labels].map((label) => [step, label]));
  return all.flatMap(([step, label]) => (label === '' ? [] : [`${step} ${label}`])).sort();
}

/** Handler -> the results that it has somewhere, sorted. */
export async function returned(model: Model, scope: Scope = {}): Promise<Record<string, string[]>> {
  const all = new Map<string, Set<string>>();
  for (const line of await results(model, scope)) {
    const [step, result] = line.split(' ');
    const [handler] = step.split('/');
    all.set(handler, (all.get(handler) ?? new Set()).add(result));
  }
  return Object.fromEntries([...all].map(([handler, own]) => [handler, [...own].sort()]));
}

/** `RESULT HANDLER`, sorted. */
export const returnCodes = async (model: Model, scope: Scope = {}): Promise<string[]> =>
  Object.entries(await returned(model, scope))
    .flatMap(([handler, own]) => own.map((result) => `${result} ${handler}`))
    .sort();
