/** What ends a report: which counterexample is printed, and the command that finds it again. */
import type { Machine } from '../language/index.js';
import type { Judged, StoredTrace } from '../report/index.js';
import type { Found } from './models.js';
import { commandLine, type CheckOptions } from './options.js';

/** The counterexample to print in full, with all its traces: an unexpected one before an expected one, then the shortest. */
export function shortest(
  judged: readonly Judged[],
  stored: ReadonlyMap<string, readonly StoredTrace[]>,
): readonly StoredTrace[] {
  const surprises = judged.filter(({ result, asExpected }) => !asExpected && stored.has(result.id));
  const candidates = surprises.length > 0 ? surprises : judged.filter(({ result }) => stored.has(result.id));
  const traces = candidates.map(({ result }) => stored.get(result.id) as readonly StoredTrace[]);
  const length = (own: readonly StoredTrace[]): number => own.at(0)?.steps.length ?? Infinity;
  return traces.reduce<readonly StoredTrace[]>((best, own) => (length(best) <= length(own) ? best : own), []);
}

/** The options that decide what is found. */
type Again = Pick<CheckOptions, 'edits' | 'property'> &
  Partial<Pick<CheckOptions, 'maxStates' | 'maxDepth' | 'timeout' | 'stopAtFirst'>>;

/** The command that does this again, for this model alone. */
export function reproduce(
  found: Pick<Found, 'model' | 'file'>,
  machine: Pick<Machine, 'scope' | 'denied'>,
  options: Again,
): string {
  const words = ['npx', 'ringfence', 'check', ...machineWords(found, machine, options)];
  const { maxStates, maxDepth, timeout, stopAtFirst } = options;
  if (maxStates !== undefined) words.push('--max-states', String(maxStates));
  if (maxDepth !== undefined) words.push('--max-depth', String(maxDepth));
  if (timeout !== undefined) words.push('--timeout', `${timeout}s`);
  if (stopAtFirst) words.push('--stop-at-first');
  return commandLine(words);
}

/** What a command line says of the machine: the model, its scope, edits, denied assumptions and properties. */
export function machineWords(
  { model, file }: Pick<Found, 'model' | 'file'>,
  machine: Pick<Machine, 'scope' | 'denied'>,
  options: Pick<CheckOptions, 'edits' | 'property'>,
): string[] {
  const words = [file === '' ? model.name : file];
  const special = Object.entries(machine.scope).filter(([name, value]) => model.scope[name].default !== value);
  if (special.length > 0) words.push('--scope', special.map(([name, value]) => `${name}=${value}`).join());
  for (const edit of options.edits)
    words.push(...(edit.startsWith('without ') ? ['--without', edit.slice(8)] : ['--edit', edit]));
  for (const id of machine.denied) words.push('--deny', id);
  for (const id of options.property) words.push('--property', id);
  return words;
}
