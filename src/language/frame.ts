/** Frames: where a process is in its program, and its locals. */
import { Map as ImmutableMap, Record as ImmutableRecord } from 'immutable';
import { SortError, type Difference, type Encoded, type Sort } from './sorts/sort.js';

/** A process's local variable: its program counter and the locals that are set, by full name (`unmap_pages.iova`). */
export class Frame extends ImmutableRecord({ pc: 'idle', locals: ImmutableMap<string, unknown>() }) {}

/** The one frame of an idle process. */
export const idleFrame = new Frame();

/** The program counter of an idle process. */
export const IDLE = 'idle';

/** A local was read that no step has set: under an edit the program is meaningless, else the spec is wrong. */
export class UnsetLocalError extends Error {
  override readonly name = 'UnsetLocalError';
  constructor(readonly local: string) {
    super(`local "${local}" is read but was never set`);
  }
}

/**
 * The sort of the frames of one process.
 * @param places the program counters
 * @param locals the sort of each local by full name
 */
export function frameSort(
  process: string,
  places: ReadonlySet<string>,
  locals: ReadonlyMap<string, Sort<unknown>>,
): Sort<Frame> {
  const sortOf = (name: string): Sort<unknown> => {
    const sort = locals.get(name);
    if (!sort) throw new SortError(`frame of ${process}`, `has no local "${name}"`);
    return sort;
  };
  const checkPlace = (pc: unknown): string => {
    if (typeof pc !== 'string' || (pc !== IDLE && !places.has(pc))) {
      throw new SortError(`frame of ${process}`, `has no place ${JSON.stringify(pc)}`);
    }
    return pc;
  };
  const short = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
  const sorted = (frame: Frame): [string, unknown][] =>
    [...frame.locals.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

  return {
    name: `frame of ${process}`,
    shape: { kind: 'opaque' },
    cardinality: Infinity,
    encode: (frame): Encoded => [
      checkPlace(frame.pc),
      sorted(frame).map(([name, value]): Encoded => {
        try {
          return [name, sortOf(name).encode(value)];
        } catch (error) {
          throw error instanceof SortError ? new SortError(`local ${short(name)} of ${process}`, error.message) : error;
        }
      }),
    ],
    decode(encoded) {
      if (!Array.isArray(encoded) || encoded.length !== 2 || !Array.isArray(encoded[1])) {
        throw new SortError(`frame of ${process}`, 'is not an encoded frame');
      }
      const entries = (encoded[1] as unknown[]).map((pair): [string, unknown] => {
        if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string') {
          throw new SortError(`frame of ${process}`, 'has a malformed local');
        }
        return [pair[0], sortOf(pair[0]).decode(pair[1])];
      });
      return new Frame({ pc: checkPlace(encoded[0]), locals: ImmutableMap(entries) });
    },
    print(frame) {
      if (frame.pc === IDLE) return IDLE;
      const args = sorted(frame)
        .filter(([name]) => !short(name).startsWith('~'))
        .map(([name, value]) => `${short(name)}=${sortOf(name).print(value)}`);
      return args.length === 0 ? frame.pc : `${frame.pc} (${args.join(', ')})`;
    },
    diff(before, after) {
      const differences: Difference[] = [];
      if (before.pc !== after.pc) differences.push({ path: '.pc', before: before.pc, after: after.pc });
      const names = new Set([...before.locals.keys(), ...after.locals.keys()]);
      for (const name of [...names].sort()) {
        const sort = sortOf(name);
        const print = (frame: Frame): string => (frame.locals.has(name) ? sort.print(frame.locals.get(name)) : 'unset');
        if (print(before) !== print(after)) {
          differences.push({ path: `.${short(name)}`, before: print(before), after: print(after) });
        }
      }
      return differences;
    },
    permute: (frame, permutation) =>
      frame.set(
        'locals',
        frame.locals.map((value, name) => sortOf(name).permute(value, permutation)),
      ),
  };
}
