/** The seeded defects of the domain brief, section e, as the scenarios declare them: what each violates, and after how many transitions at the earliest. */
import { describe, expect, it } from 'vitest';
import type { SearchResult } from '../../src/explorer/index.js';
import { builtin } from '../../models/index.js';
import type { Defect } from '../../models/defect.js';
import { check, named, violated } from './observe.js';

/** Handler invocations and hardware events in the trace of the property that the defect counts them for. */
function macroLength({ machine, properties }: SearchResult, { brief, macro }: Defect): number | undefined {
  const counted = macro?.of ? [macro.of] : brief;
  const trace = counted.flatMap(
    (id) => properties.find((p) => p.id === id && p.verdict === 'violated')?.trace ?? [],
  )[0];
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
    (entry.defects ?? []).map((defect) => {
      const changes = [...defect.edits, ...(defect.deny ?? []).map((id) => `deny ${id}`)];
      const name = `${defect.id}: ${defect.what} (${[defect.model, ...changes].join(', ')})`;
      return [name, defect, entry.models] as const;
    }),
  );

  it.each(defects)('%s', async (_, defect, models) => {
    const result = await check(named(models, defect.model), defect.scope, defect.edits, defect.deny);
    expect(violated(result)).toEqual(defect.violates);
    expect(result.faults).toEqual([]);
    if (defect.macro) expect(macroLength(result, defect)).toBe(defect.macro.here);
    const unexplained = defect.brief.filter((property) => !(property in defect.violates));
    if (unexplained.length > 0) expect(defect.note).toBeDefined();
  });
});
