/** What stands in the margin of a program's listing: how often each line was seen. */
import { amount, type Unit } from './coverage-counts.js';
import type { Counts } from './coverage.js';
import { count, styled, widest, type Line, type Piece } from './lines.js';

/** What stands before a line of a listing. */
export type Margin = (kind: string, id: string) => readonly Piece[];

/** Says before each step how often it fired, and before each guard how often it passed and refused; `!!!!` is never. */
export function marginOf({ steps, locks, guards }: Counts, unit: Unit): { margin: Margin; head: Line } {
  const fired = new Map([...steps, ...locks].map((step) => [step.id, amount(step, unit)]));
  const asked = new Map(
    guards.map(({ id, passed, refused }) => [id, [amount(passed, unit), amount(refused, unit)] as const]),
  );
  const numbers = [...fired.values(), ...[...asked.values()].flat()].map(count);
  const width = widest([...numbers, 'refused'], 20);
  const cell = (n: number): Piece => (n === 0 ? styled('warn', '!!!!'.padStart(width)) : count(n).padStart(width));
  const blank = ' '.repeat(width);
  return {
    margin(kind, id) {
      const own = kind === 'guard' ? asked.get(id) : undefined;
      if (own) return [cell(own[0]), '  ', cell(own[1]), '  '];
      const times = kind === 'step' ? fired.get(id) : kind === 'lock' ? fired.get(`${id}/lock`) : undefined;
      return [times === undefined ? blank : cell(times), '  ', blank, '  '];
    },
    head: [styled('dim', `${'seen'.padStart(width)}  ${'refused'.padStart(width)}`)],
  };
}
