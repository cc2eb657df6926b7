import { expect, it } from 'vitest';
import type { Progress } from '../../src/explorer/index.js';
import { ProgressLine } from '../../src/cli/progress.js';

const progress = (seconds: number): Progress => ({
  ...{
    level: 3,
    states: 1000 * seconds,
    transitions: 5000,
    frontier: 10,
    seconds,
    bytes: 5e6,
    full: 0.41,
    phase: 'search',
  },
});

function watch(isTTY: boolean): { written: string[]; at: (ms: number) => void; line: ProgressLine } {
  const written: string[] = [];
  let now = 0;
  const stderr = { isTTY, columns: 200, write: (text: string) => written.push(text) };
  const line = new ProgressLine('m', { stderr, env: {} }, () => now);
  const at = (ms: number): void => {
    now = ms;
    line.show(progress(ms / 1000));
  };
  return { written, at, line };
}

it('rewrites one line at a terminal, after a second, at most ten times a second', () => {
  const { written, at, line } = watch(true);
  [500, 999, 1000, 1050, 1099, 1100].forEach(at);
  expect(written).toHaveLength(2);
  expect(written[0]).toBe('\r\x1b[2Km  level 3  1,000 states  frontier 10↑  1,000/s  5.0 MB  set 41% full  00:01');
  line.clear();
  expect(written[2]).toBe('\r\x1b[2K');
});

it('writes a plain line every half minute elsewhere', () => {
  const { written, at, line } = watch(false);
  [1000, 29_999, 30_000, 45_000, 60_000].forEach(at);
  line.clear();
  expect(written).toHaveLength(2);
  expect(written.join('')).not.toContain('\x1b');
});
