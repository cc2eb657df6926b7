/** One handler alone: all that can come of it. */
import { tmpdir } from 'node:os';
import { beforeAll, expect, it } from 'vitest';
import { built, ringfence } from './run.js';

beforeAll(built);

const attempt = (...args: string[]) => ringfence(tmpdir(), 'try', ...args, '--model', 'SC-01');
const ends = (...args: string[]) => {
  const { results, complete } = JSON.parse(attempt(...args, '--json').stdout) as {
    results: { end: string; result: string; args: unknown; steps: unknown[]; changes: { place: string }[] }[];
    complete: boolean;
  };
  expect(complete).toBe(true);
  return results.map(({ end, result, steps, changes }) => [end, result, steps.length, changes.map((one) => one.place)]);
};

it('prints every path with what it changes and returns', () => {
  const small = ['map_pages', '--scope', 'pages=1,iovas=1'];
  expect(ends(...small)).toEqual([['returns', '', 5, ['ref[page0]', 'table[domain0][iova0]']]]);
  expect(ends(...small, '--state', 'table[domain0]=[iova0: INV(page0)]')).toEqual([['returns', '-EEXIST', 6, []]]);
  expect(attempt(...small).stdout).toMatch(/^1\. returns {2}domain=domain0 page=page0 iova=iova0$/m);
  expect(ends('map_pages')).toHaveLength(6);
  expect(ends('map_pages', '--args', 'page=page1')).toHaveLength(2);
});

it('lets the hardware move where the handler waits, and says where it waits or goes round for ever', () => {
  const unmap = ['unmap_pages', '--scope', 'pages=1,iovas=1'];
  const mapped = 'table[domain0]=[iova0: V(page0)]';
  expect(ends(...unmap, '--state', `${mapped},ref[page0]=1`)).toEqual([
    ['returns', '', 14, ['ref[page0]', 'table[domain0][iova0]']],
  ]);
  const where = 'unmap_pages/unuse_dma/host_mmu.lock/ref--';
  const ended = (state: string) => ends(...unmap, '--state', state).map(([end, result]) => [end, result]);
  expect(ended(mapped)).toEqual([['goes round for ever', `${where}~again`]]);
  expect(ended(`${mapped},host_mmu.lock=held`)).toEqual([['waits for ever', where]]);
});

it('says that there is more', () => {
  expect(attempt('map_pages', '--limit', '2').stdout).toContain('and more: only 2 results are printed');
});

it.each<[string[], string]>([
  [['map_page'], 'SC-01 has no handler "map_page"; did you mean map_pages'],
  [['map_pages', '--state', 'ref[page9]=1'], 'there is no variable "ref[page9]"; did you mean ref[page0]'],
  [['map_pages', '--state', 'ref[page0]=99'], 'expected 0 or 1 or 2 or 3 or 4 at "99" (it is 0 at first)'],
  [['map_pages', '--state', 'ref[page0]=1,ref[page0]=2'], '"ref[page0]" is given twice'],
  [['map_pages', '--state', 'ref'], '"ref" is not NAME=VALUE'],
  [['map_pages', '--args', 'pge=page0'], 'map_pages has no local "pge"; did you mean page?'],
  [['unmap_pages', '--args', 'page=page0,iova=iova9'], 'expected iova0 or iova1 at "iova9"'],
])('%j is an error that says what to do', (args, words) => {
  const { code, stdout, stderr } = attempt(...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(words);
});
