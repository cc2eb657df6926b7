import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { show } from '../../src/cli/show.js';
import { built, ringfence } from './run.js';

beforeAll(built);
const here = process.cwd();
const trace = path.join('results', 'SC-01-upstream-I-7.trace');

it('fits the width that is asked for, and leaves a file as it is', () => {
  const wide = ringfence(here, 'show', trace).stdout;
  const narrow = ringfence(here, 'show', trace, '--width', '60').stdout;
  expect(Math.max(...narrow.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(60);
  expect(narrow.replace(/\s+/g, '')).toBe(wide.replace(/\s+/g, ''));
  expect(wide).toMatch(/\n {2}story {5}cpu0 runs map_pages\(domain0, page0, iova0\): .{300,}That breaks I-7: /);
});

it('fits a terminal, and marks what differs', async () => {
  const written: string[] = [];
  const stdout = { isTTY: true, columns: 70, write: (text: string) => written.push(text) };
  const terminal = { stdout, stderr: { write: () => true }, env: {}, cwd: here };
  await show(trace, { json: false }, terminal);
  const text = written.join('');
  expect(text).toContain('\x1b[31mHOST\x1b[39m → ');
  // eslint-disable-next-line no-control-regex
  for (const line of text.replace(/\x1b\[\d+m/g, '').split('\n')) expect([...line].length).toBeLessThanOrEqual(70);
  written.length = 0;
  await show(trace, { json: false }, { ...terminal, env: { NO_COLOR: '1' } });
  expect(written.join('')).not.toContain('\x1b');
});

it('prints more and less', () => {
  const verbose = ringfence(here, 'show', trace, '--verbose').stdout;
  expect(verbose).toContain('passes  host-owns-page: the host may give a device only what it owns alone');
  expect(verbose).toMatch(/then at map_pages\/use_dma/);
  expect(verbose).toMatch(/ref\[page1\] {2,}0\n/);
  expect(ringfence(here, 'show', trace, '--compact').stdout).toContain('25-27» cpu1   __pkvm_host_donate_hyp(page1)');
  const both = ringfence(here, 'show', trace, '--compact', '--verbose');
  expect([both.code, both.stderr]).toEqual([2, 'error: --compact and --verbose exclude each other\n']);
  const json = JSON.parse(ringfence(here, 'show', trace, '--json').stdout) as { story: string[]; steps: unknown[] };
  expect(json.story.at(-1)).toContain('That breaks I-7');
  expect(json.steps).toHaveLength(27);
});
