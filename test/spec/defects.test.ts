/** The seeded defects of the domain brief, section e, as the scenarios declare them: what each violates, and after how many transitions at the earliest. */
import { describe, expect, it } from 'vitest';
import { search, type SearchResult } from '../../src/explorer/index.js';
import { build, type Model } from '../../src/language/index.js';
import { builtin } from '../../models/index.js';
import type { Defect } from '../../models/defect.js';
import models from '../../models/sc-01.js';

const [sc01, upstream] = models;

async function check(
  model: Model,
  scope: Record<string, unknown>,
  edits: readonly string[] = [],
  denied: readonly string[] = [],
): Promise<SearchResult> {
  return search(build(model, { scope, edits, denied }));
}

/** Property -> length of its shortest counterexample. */
const violated = ({ properties }: SearchResult): Record<string, number | undefined> =>
  Object.fromEntries(properties.filter(({ verdict }) => verdict !== 'holds').map(({ id, length }) => [id, length]));

const small = { cpus: 2, pages: 2, iovas: 1 };

/** Handler invocations and hardware events in the trace of the first broken property that the brief names. */
function macroLength({ machine, properties }: SearchResult, { brief }: Defect): number | undefined {
  const trace = brief.flatMap((id) => properties.find((p) => p.id === id && p.verdict === 'violated')?.trace ?? [])[0];
  if (!trace) return undefined;
  let before = trace.initial;
  let count = 0;
  for (const step of trace.steps) {
    const process = machine.processes.find(({ name }) => name === step.process)!;
    if (process.frame < 0 || process.isIdle(before[process.frame])) count++;
    before = step.state;
  }
  return count;
}

describe('seeded defects are found', () => {
  const defects = builtin.flatMap((entry) =>
    (entry.defects ?? []).map((defect) => ({
      defect,
      model: entry.models.find(({ name }) => name === defect.model),
      name: `${defect.id}: ${defect.what} (${[defect.model, ...defect.edits, ...(defect.deny ?? [])].join(', ')})`,
    })),
  );

  it.each(defects)('$name', async ({ defect, model }) => {
    expect(model, `no model ${defect.model}`).toBeDefined();
    const result = await check(model!, defect.scope ?? {}, defect.edits, defect.deny);
    expect(violated(result)).toEqual(defect.violates);
    if (defect.macro) expect(macroLength(result, defect)).toBe(defect.macro.here);
    const unexplained = defect.brief.filter((property) => !(property in defect.violates));
    if (unexplained.length > 0) expect(defect.note).toBeDefined();
  });
});

describe('other edits of SC-01', () => {
  it.each([
    ['no TLBI', ['drop unmap_pages/tlb_inv_range'], { 'I-1': 18, 'I-7': 18, 'I-14': 15, 'P-4': 15 }],
    ['no ref--', ['drop unmap_pages/ref--'], { 'L-5': 18, 'P-14': 29 }],
    ['the leaf is not cleared', ['drop unmap_pages/clear-PTE'], { 'L-5': 18 }],
    ['map takes an INV leaf for a free one', ['pass map_pages/leaf-is-not-INV'], { 'P-4': 23 }],
  ])('%s', async (_, edits, expected) => {
    expect(violated(await check(sc01, small, edits))).toEqual(expected);
  });
});

describe('SC-01', () => {
  it('holds', async () => {
    const result = await check(sc01, small);
    expect(result.verdict).toBe('holds');
    expect(result).toMatchObject({ states: 6464, transitions: 16792, depth: 31, deadlocks: 0 });
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
  });
});

describe('SC-01/upstream', () => {
  it('gives back the wrong page in W-22, and one page twice in W-23', async () => {
    const result = await check(upstream, { pages: 1 });
    expect(violated(result)).toEqual({ 'I-1': 42, 'I-7': 42, 'I-14': 25, 'L-5': 25, 'P-4': 24, 'P-14': 33 });
  });

  it('holds on one CPU', async () => {
    expect(violated(await check(upstream, { cpus: 1, pages: 2, iovas: 2 }))).toEqual({});
  });

  it.each([{ cpus: 1 }, { cpus: 2, pages: 1 }])('is as expected on %o', async (some) => {
    const machine = build(upstream, { scope: some });
    const expected = Object.entries(upstream.expected(machine.scope)).flatMap(([id, verdict]) =>
      verdict === 'violated' ? [id] : [],
    );
    expect(Object.keys(violated(await search(machine))).sort()).toEqual(expected.sort());
  });
});
