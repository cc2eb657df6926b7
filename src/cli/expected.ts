/** What was found against what the model expects. */
import { ModelError, describe, nearest, type Expected, type Model } from '../language/index.js';
import type { SearchResult } from '../explorer/index.js';
import type { Judged } from '../report/index.js';
import { Exit, combine, type ExitCode } from './exit.js';

/**
 * The properties that a model expects to be violated in a scope. With an edit or a denied assumption, everything is
 * expected to hold: the question is then what the change breaks.
 * @throws ModelError if `expected` names a property that the model does not have
 */
export function expectations(
  model: Model,
  scope: Readonly<Record<string, number | string | boolean>>,
  changed: boolean,
): ReadonlyMap<string, Expected> {
  if (changed) return new Map();
  const known = describe(model, { scope }).builder.declared.map(({ id }) => id);
  const expected = new Map(Object.entries(model.expected(scope)));
  for (const id of expected.keys()) {
    if (known.includes(id)) continue;
    const near = nearest(id, known);
    throw new ModelError(
      `model ${model.name} expects something of "${id}", which is none of its properties${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''}`,
    );
  }
  return expected;
}

/** Each property's result with what is expected of it. */
export function judge(result: Pick<SearchResult, 'properties'>, expected: ReadonlyMap<string, Expected>): Judged[] {
  return result.properties.map((property) => {
    const wanted = expected.get(property.id) ?? 'holds';
    return { result: property, expected: wanted, asExpected: property.verdict === wanted };
  });
}

/** The exit code of one model. */
export function exitCodeOf(result: Pick<SearchResult, 'verdict' | 'faults'>, judged: readonly Judged[]): ExitCode {
  const codes = judged.map(({ result: { verdict }, asExpected }): ExitCode => {
    if (verdict === 'error') return Exit.error;
    if (verdict === 'undecided') return Exit.undecided;
    return asExpected ? Exit.asExpected : Exit.notAsExpected;
  });
  if (result.verdict === 'error' || result.faults.length > 0) codes.push(Exit.error);
  if (result.verdict === 'incomplete') codes.push(Exit.undecided);
  return combine(codes);
}
