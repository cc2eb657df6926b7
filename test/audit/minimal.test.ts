/** The greedy removal against all subsets, also where removals are not monotone. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { minimal } from '../../src/audit/minimal.js';

const guards = ['a', 'b', 'c', 'd', 'e'];
const key = (without: readonly string[]): string => [...without].sort().join('');
const subsets = guards.reduce<string[]>((all, guard) => [...all, ...all.map((one) => one + guard)], ['']);

/** Which sets of guards may be missing; always the empty one. */
const worlds = fc.subarray(subsets).map((fine) => new Set([...fine, '']));

const run = (fine: ReadonlySet<string>, width: number) =>
  minimal(guards, (without) => Promise.resolve({ breaks: !fine.has(key(without)), found: key(without) }), width);

/** The same in one line a guard: in order, once. */
function greedy(fine: ReadonlySet<string>): string[] {
  return guards.reduce<string[]>((gone, guard) => (fine.has(key([...gone, guard])) ? [...gone, guard] : gone), []);
}

it('leaves guards of which none can go, whatever the world is like', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.integer({ min: 1, max: 4 }), async (fine, width) => {
      const { removed, complete, decisions } = await run(fine, width);
      expect(complete).toBe(true);
      expect(fine.has(key(removed))).toBe(true);
      for (const guard of guards) if (!removed.includes(guard)) expect(fine.has(key([...removed, guard]))).toBe(false);
      expect(decisions.map(({ guard }) => guard)).toEqual(guards);
      expect(decisions.filter((one) => one.removed).map(({ guard }) => guard)).toEqual([...removed].sort());
      expect(removed.slice(0, greedy(fine).length)).toEqual(greedy(fine));
    }),
    { numRuns: 400 },
  );
});

it('decides the same for any number side by side', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (fine) => {
      expect(await run(fine, 3)).toEqual(await run(fine, 1));
    }),
    { numRuns: 200 },
  );
});

it('is what greed gives where what breaks, breaks with less too', async () => {
  const unions = fc.array(fc.constantFrom(...subsets), { maxLength: 4 }).map((tops) => {
    const below = (one: string) => tops.some((top) => [...one].every((guard) => top.includes(guard)));
    return new Set(subsets.filter((one) => one === '' || below(one)));
  });
  await fc.assert(
    fc.asyncProperty(unions, async (fine) => {
      expect((await run(fine, 2)).removed).toEqual(greedy(fine));
    }),
    { numRuns: 200 },
  );
});

it('says what is decided when it is interrupted', async () => {
  let left = 3;
  const trial = () => Promise.resolve(left-- > 0 ? { breaks: true, found: 0 } : undefined);
  const { complete, decisions } = await minimal(guards, trial, 1);
  expect([complete, decisions.length]).toEqual([false, 3]);
});
