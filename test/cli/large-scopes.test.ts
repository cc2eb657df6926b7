/** simulate, compare, coverage counts and the profile, as a user sees them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { built, ringfence } from './run.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-test-'));
const small = ['--scope', 'cpus=1,devices=1,pages=1'];

beforeAll(built);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Json = Record<string, unknown>;
const json = (text: string): Json => JSON.parse(text) as Json;

it('simulate: undecided without a finding, and a trace that replays with one', () => {
  const none = ringfence(folder, 'simulate', 'bench-iommu', ...small, '--walks', '5', '--steps', '50');
  expect([none.code, none.stderr]).toEqual([3, '']);
  expect(none.stdout).toMatch(/incomplete .*prove nothing[^]*5 walks, 250 steps, seed 1/);
  expect(none.stdout).not.toContain('✓');
  const args = ['simulate', 'bench-iommu', '--scope', 'devices=1,pages=2', '--without', 'unmap/U5', '--walks', '60'];
  const found = ringfence(folder, ...args, '--json', '--out', 'walks');
  expect([found.code, found.stderr]).toEqual([1, '']);
  expect(json(found.stdout)).toMatchObject({ verdict: 'violated', seed: 1, incomplete: { why: 'walks' } });
  const { code, stdout } = ringfence(folder, 'replay', 'walks/bench-iommu-Inv2.trace');
  expect(stdout).toContain('reproduced');
  expect(code).toBe(0);
  expect(ringfence(folder, 'simulate', 'bench-iommu', '--seed', '-1').code).toBe(2);
  expect(ringfence(folder, 'simulate', 'bench-iomu').stderr).toContain('did you mean bench-iommu');
});

it('compare: the same, a difference, and sides that can’t be read', () => {
  const same = ringfence(folder, 'compare', 'bench-iommu', '?scope queue=1', ...small, '--json');
  const differs = ringfence(folder, 'compare', 'bench-iommu', '?without unmap/U5', '--scope', 'devices=1,pages=2');
  expect(differs.code).toBe(1);
  expect(differs.stdout).toMatch(/Inv1 +holds +violated in 18 steps[^]*only A +step unmap\/U1\/U5/);
  expect(json(same.stdout)).toMatchObject({ a: { scope: { queue: 2 } }, b: { scope: { queue: 1 } } });
  const self = ringfence(folder, 'compare', 'bench-iommu', 'bench-iommu', ...small);
  expect(self.stdout).toContain('nothing differs');
  expect(self.code).toBe(0);
  for (const side of ['?scope', '?scope =', '?nonsense', '?deny nothing', 'nobody'])
    expect(ringfence(folder, 'compare', 'bench-iommu', side, ...small), side).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error: /) as string,
    });
  expect(ringfence(folder, 'compare', 'bench-iommu', '?without unmap/U5', '--max-states', '10').code).toBe(3);
});

it('check: coverage as tables, as a listing and as JSON; the profile', () => {
  const tables = ringfence(folder, 'check', 'bench-iommu', ...small, '--coverage-transitions');
  const total = /, ([\d,]+) transitions/.exec(tables.stdout)?.[1].replaceAll(',', '');
  const rows = [...tables.stdout.matchAll(/^ +\d+ of \d+ +([\d,]+) {2}/gm)].map(([, n]) =>
    Number(n.replaceAll(',', '')),
  );
  expect(rows.reduce((sum, n) => sum + n, 0)).toBe(Number(total));
  const model = path.join(folder, 'dead.ts');
  writeFileSync(
    model,
    `import { block, bool, model, next, rule } from 'ringfence';
export default model({ name: 'dead', title: 'a rule that never fires', scope: {}, build(m) {
  const on = m.variable('on', bool, false);
  m.hardware('device', [
    rule('turn on', { writes: () => ({ on }), run: () => next({ on: true }) }),
    rule('never', { reads: () => ({ on }), run: () => block }),
  ]);
  m.invariant('any', { text: 'nothing', reads: () => ({ on }), holds: () => true });
} });`,
  );
  const listing = ringfence(folder, 'check', model, '--coverage-listing').stdout;
  expect(listing).toMatch(/^ +2 .*step +device\/turn-on/m);
  expect(listing).toMatch(/^ +!!!! .*step +device\/never/m);
  const { coverage, profile } = json(ringfence(folder, 'check', model, '--json', '--coverage', '--profile').stdout);
  expect(coverage).toMatchObject({
    neverFired: ['device/never'],
    counts: {
      states: 2,
      steps: [
        { id: 'device/turn-on', projections: 2, times: 2 },
        { id: 'device/never', projections: 0, times: 0 },
      ],
      // It looks at nothing, so there is one situation.
      properties: [{ id: 'any', projections: 1, times: 2 }],
    },
  });
  expect(profile).toMatchObject({
    states: 2,
    variables: [{ name: 'on', codes: 2, possible: 2 }],
    levels: [1, 1],
    pairs: [{ handlers: [], states: 2 }],
    smaller: [],
  });
  const shown = ringfence(folder, 'check', 'bench-iommu', '--scope', 'devices=1,pages=2,cpus=1', '--profile').stdout;
  expect(shown).toMatch(/one step smaller[^]*pages=1[^]*queue=1/);
});
