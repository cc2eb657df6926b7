import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fit, plainText, styled, type Line } from '../../src/report/index.js';

const words = (text: string): string => text.replace(/\s+/g, '');

it('breaks between words, below the column of the text', () => {
  const line: Line = [
    '  ',
    styled('dim', 'must be  '),
    styled('bold', 'In any step that gives a page to a new owner it is out of reach'),
  ];
  expect(plainText(fit([line], 40))).toBe(
    ['  must be  In any step that gives a page', '           to a new owner it is out of', '           reach'].join(
      '\n',
    ),
  );
  expect(fit([line], Infinity)).toEqual([line]);
});

it('breaks long ids behind a slash, and what has no break anywhere', () => {
  const id = 'unmap_pages/iotlb_sync/list_lock/each-SMMU/smmu_lock/wait-for-CMD_SYNC';
  expect(plainText(fit([['   1  cpu0  ', id]], 44)).split('\n')).toEqual([
    '   1  cpu0  unmap_pages/iotlb_sync/',
    '            list_lock/each-SMMU/smmu_lock/',
    '            wait-for-CMD_SYNC',
  ]);
  expect(plainText(fit([['x'.repeat(100)]], 40))).toBe(['x'.repeat(40), 'x'.repeat(40), 'x'.repeat(20)].join('\n'));
});

it('loses nothing, and is never wider than there is room', () => {
  const piece = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.stringMatching(/^[a-z/ ]{0,80}$/));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), fc.integer({ min: 40, max: 120 }), (pieces, width) => {
      const text = plainText(fit([pieces], width));
      for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(width);
      expect(words(text)).toBe(words(plainText([pieces])));
    }),
  );
});
