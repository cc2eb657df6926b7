/** The counts of a coverage as tables: per program, per guard, per error code, per property. */
import type { Count } from '../explorer/census.js';
import type { Counts } from './coverage.js';
import { count, pad, plural, styled, widest, type Line, type Piece } from './lines.js';

/** What is counted: distinct situations, or every transition (for guards and most properties: every state). */
export type Unit = 'projections' | 'transitions';

/** The number that a unit asks for. */
export const amount = ({ projections, times }: Count, unit: Unit): number =>
  unit === 'projections' ? projections : times;

/** All tables. */
export function countLines({ states, steps, locks, guards, codes, properties }: Counts, unit: Unit): Line[] {
  const programs = new Map<string, { fired: number; steps: number; amount: number }>();
  for (const step of steps) {
    const [name] = step.id.split('/');
    const own = programs.get(name) ?? { fired: 0, steps: 0, amount: 0 };
    programs.set(name, {
      fired: own.fired + (step.times > 0 ? 1 : 0),
      steps: own.steps + 1,
      amount: own.amount + amount(step, unit),
    });
  }
  for (const lock of locks) {
    const own = programs.get(lock.id.split('/')[0]);
    if (own) own.amount += amount(lock, unit);
  }
  const what = unit === 'projections' ? 'distinct situations' : 'transitions';
  const asked = unit === 'projections' ? 'distinct situations' : 'states';
  return [
    ...table(
      `programs, with their ${what}`,
      ['steps fired', what],
      [...programs].map(([name, own]) => [name, `${own.fired} of ${own.steps}`, count(own.amount)]),
    ),
    ...table(
      `guards, with the ${asked} in which they were asked`,
      ['passed', 'refused'],
      guards.map(({ id, passed, refused }) => [id, count(amount(passed, unit)), count(amount(refused, unit))]),
    ),
    ...table(
      'error codes',
      [what],
      codes.map((code) => [code.id, count(amount(code, unit))]),
    ),
    ...table(
      `properties, where they are not trivially true`,
      [unit === 'projections' ? 'distinct situations' : 'states or transitions'],
      properties.map((property) => [property.id, count(amount(property, unit))]),
    ),
    [],
    [styled('dim', `counted over ${plural(states, 'state')}`)],
  ];
}

/** A heading, and rows of numbers with their names. What is zero stands out. */
export function table(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): Line[] {
  if (rows.length === 0) return [];
  const widths = heads.map((head, i) => widest([head, ...rows.map((row) => row[i + 1])], 40));
  const cell = (text: string, i: number): string => `${' '.repeat(widths[i] - text.length)}${text}`;
  const number = (text: string, i: number): Piece =>
    /^0( of .*)?$/.test(text) ? styled('warn', cell(text, i)) : cell(text, i);
  const names = widest(
    rows.map(([name]) => name),
    60,
  );
  return [
    [],
    [styled('bold', title)],
    ['  ', styled('dim', [...heads.map(cell), pad('', names)].join('  '))],
    ...rows.map(([name, ...numbers]): Line => ['  ', ...numbers.flatMap((text, i) => [number(text, i), '  ']), name]),
  ];
}
