/**
 * SC-05 against `sc-05.pml`, the same in Promela: an exact SPIN search must find the same number of states and of
 * transitions. The Promela model has no monitors, so SC-05 is searched with the one property that needs none.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { search } from '../../src/explorer/index.js';
import { build } from '../../src/language/index.js';
import models from '../../models/sc-05.js';

const promela = fileURLToPath(new URL('sc-05.pml', import.meta.url));
const [sc05, forwards] = models;

const missing = (['spin -V', 'gcc --version'] as const)
  .filter((command) => {
    const [program, flag] = command.split(' ');
    try {
      execFileSync(program, [flag], { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  })
  .map((command) => command.split(' ')[0]);

type Scope = Readonly<Record<string, number | boolean>>;
const defaults = {
  cpus: 2,
  entries: 4,
  batch: 2,
  laps: false,
  aborts: true,
  acks: true,
  warn: false,
  filters: true,
  barrier: true,
};
/** The scope parameters as the Promela model calls them. */
const names: Readonly<Record<keyof typeof defaults, string>> = {
  cpus: 'CPUS',
  entries: 'N',
  batch: 'BATCH',
  laps: 'LAPS',
  aborts: 'ABORTS',
  acks: 'ACKS',
  warn: 'WARN',
  filters: 'FILTERS',
  barrier: 'BARRIER',
};

/** What an exact depth-first search by SPIN counts. */
function spin(scope: Scope): { states: number; transitions: number } {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-spin-'));
  const run = (program: string, args: readonly string[]): string =>
    execFileSync(program, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 24 });
  try {
    const values: Scope = { ...defaults, ...scope };
    const defines = Object.entries(names).map(([name, define]) => `-D${define}=${Number(values[name])}`);
    run('spin', ['-a', ...defines, promela]);
    run('gcc', ['-w', '-O1', '-DSAFETY', '-DNOREDUCE', '-o', 'pan', 'pan.c']);
    const output = run('./pan', ['-E', '-m1000000', '-w20']);
    expect(output).toMatch(/errors: 0\b/);
    expect(output).not.toMatch(/max search depth too small|Search not completed/);
    const count = (what: string): number => Number(new RegExp(`(\\d+) states, ${what}`).exec(output)?.[1]);
    // Each transition leads to a state that is stored or matched; the initial state is stored without one.
    return { states: count('stored'), transitions: count('stored') + count('matched') - 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(missing.length > 0)('SPIN counts what ringfence counts', () => {
  const noBarrier = ['drop */barrier-for-command', 'drop */barrier-for-CMD_SYNC'];
  it.each([
    ['N=2', sc05, { entries: 2 }, [], { states: 2668, transitions: 6900 }],
    ['N=3', sc05, { entries: 3 }, [], { states: 12042, transitions: 32130 }],
    [
      'entries that keep their content',
      sc05,
      { entries: 2, batch: 1, laps: true },
      [],
      { states: 4559, transitions: 10728 },
    ],
    [
      'a missing barrier',
      sc05,
      { entries: 2, batch: 1, laps: true, barrier: false },
      noBarrier,
      { states: 15935, transitions: 46352 },
    ],
    ['three CPUs', sc05, { cpus: 3, entries: 2 }, [], { states: 3956, transitions: 10284 }],
    [
      'a stopped queue that panics EL2',
      forwards,
      { entries: 2, aborts: false, warn: true, filters: false },
      [],
      { states: 492, transitions: 712 },
    ],
  ] as const)('%s', async (_, model, scope: Scope, edits, counts) => {
    const { barrier: _barrier, filters: _filters, ...own } = scope;
    const { states, transitions } = await search(build(model, { scope: own, edits, properties: ['P-3'] }));
    expect(spin(scope)).toEqual({ states, transitions });
    expect({ states, transitions }).toEqual(counts);
  });
});

if (missing.length > 0) it.skip(`skipped, because ${missing.join(' and ')} cannot be run`, () => undefined);
