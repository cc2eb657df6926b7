/** Denied assumptions: built without them, said everywhere, and replayed as they were checked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import sc01Models from '../../models/sc-01.js';
import { search } from '../../src/explorer/index.js';
import { build, describe as parts, model } from '../../src/index.js';
import { built, ringfence } from './run.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-test-'));
const small = ['--scope', 'cpus=2,pages=1,iovas=1', '--workers', '1'];
const [sc01] = sc01Models;

beforeAll(built);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('SC-01 without IHI-0070-4.7', () => {
  it('is attacked: a completed CMD_SYNC proves nothing', async () => {
    const machine = build(sc01, { scope: { pages: 2, iovas: 1 }, denied: ['IHI-0070-4.7'] });
    const { properties } = await search(machine);
    const violated = properties.filter(({ verdict }) => verdict !== 'holds');
    expect(Object.fromEntries(violated.map(({ id, length }) => [id, length]))).toEqual({
      'I-1': 21,
      'I-7': 21,
      'I-14': 18,
    });
  });

  it('has another digest, and takes ids in any order', () => {
    const digests = [[], ['IHI-0070-4.7'], ['IHI-0070-4.7', 'IHI-0070-4.7']].map(
      (denied) => build(sc01, { denied }).digest,
    );
    expect(digests[0]).not.toBe(digests[1]);
    expect(digests[1]).toBe(digests[2]);
  });

  it('says so in the text, the JSON, the command that reproduces it, and the trace', () => {
    const args = ['check', 'SC-01', ...small, '--deny', 'IHI-0070-4.7', '--property', 'I-14', '--out', 'traces'];
    const text = ringfence(folder, ...args);
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(/^ {2}denied {4}IHI-0070-4\.7 /m);
    expect(text.stdout).not.toMatch(/^ {2}rests on .*IHI-0070/m);
    expect(text.stdout).toContain('--deny IHI-0070-4.7');
    const json = JSON.parse(ringfence(folder, ...args, '--json').stdout) as Record<string, unknown>;
    expect(json).toMatchObject({ denied: ['IHI-0070-4.7'], assumptions: ['SYNC', 'B7', 'nVHE'], asExpected: false });
    const trace = 'traces/SC-01-I-14.trace';
    expect(ringfence(folder, 'show', trace)).toMatchObject({ code: 0, stderr: '' });
    expect(ringfence(folder, 'show', trace).stdout).toMatch(/denied {4}IHI-0070-4\.7/);
    expect(ringfence(folder, 'replay', trace)).toMatchObject({ code: 0, stderr: '' });
  });
});

it.each([
  ['IHI-0070-4.1', 'has no assumption "IHI-0070-4.1"; did you mean IHI-0070-4.7?'],
  ['nVHE', 'can\'t do without its assumption "nVHE"; what can be denied is IHI-0070-4.7'],
  ['weather', 'has no assumption "weather"; what can be denied is IHI-0070-4.7'],
])('refuses to deny %s', (id, words) => {
  const { code, stdout, stderr } = ringfence(folder, 'check', 'SC-01', ...small, '--deny', id);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(words);
});

it('lists which assumptions can be denied', () => {
  const { stdout } = ringfence(folder, 'list', 'SC-01');
  expect(stdout).toMatch(/IHI-0070-4\.7 .*\(--deny\)$/m);
  expect(stdout).not.toMatch(/nVHE .*\(--deny\)$/m);
});

it('an assumption of two components is one, and has one text', () => {
  const twice = (text: string) =>
    model({
      name: 'twice',
      title: '',
      scope: {},
      build(m) {
        m.assume('A', 'all is well');
        if (!m.assumed('A', text)) m.assume('B', 'nothing is');
      },
    });
  const { builder } = parts(twice('all is well'));
  expect(builder.assumptions).toEqual([{ id: 'A', text: 'all is well', deniable: true }]);
  expect(build(twice('all is well'), { denied: ['A'] }).assumptions.map(({ id }) => id)).toEqual(['A', 'B']);
  expect(() => parts(twice('all is not'))).toThrow('two different texts');
});
