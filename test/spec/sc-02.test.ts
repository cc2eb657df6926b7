/** SC-02 at a small scope. Its seeded defect is in defects.test.ts. */
import { expect, it } from 'vitest';
import models from '../../models/sc-02.js';
import { check, vacuous } from './observe.js';

it.each([
  [
    { pages: 2, iovas: 1 },
    { states: 4278, transitions: 10712, depth: 39 },
  ],
  [{ iovas: 1 }, { states: 18848, transitions: 47536, depth: 42 }],
])('SC-02 holds on %o', async (scope, counts) => {
  const result = await check(models[0], scope);
  expect(result).toMatchObject({ verdict: 'holds', deadlocks: 0, ...counts });
  expect(vacuous(result)).toEqual([]);
});
