/** `check --baseline`: what is compared, written, refused, and with which exit code. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { check, type Search } from '../../src/cli/check.js';
import type { CheckOptions } from '../../src/cli/options.js';
import { search as realSearch, type SearchResult } from '../../src/explorer/index.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-test-'));
const file = path.join(folder, 'kept/baseline.json');
const scope = { cpus: '2', devices: '1', pages: '2' };
const base: CheckOptions = {
  ...{ scope, workers: 1, edits: [], property: [], deny: [], stopAtFirst: false, selfCheck: false, coverage: false },
  ...{ coverageTransitions: false, coverageListing: false, profile: false },
  ...{ json: false, reporter: [], updateBaseline: false, baseline: 'kept/baseline.json', out: 'runs' },
};

/** `check` in the test's folder, with another search if given. */
async function run(names: readonly string[], options: Partial<CheckOptions> = {}, search: Search = realSearch) {
  let [stdout, stderr] = ['', ''];
  const terminal = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    ...{ env: {}, cwd: folder },
  };
  const code = await check(names, { ...base, ...options }, terminal, search);
  return { code, stdout, stderr };
}

const never: Search = () => expect.unreachable('nothing may be searched');
const update = { updateBaseline: true };

/** The real result with something else in it. */
const changed =
  (change: (result: SearchResult) => Partial<SearchResult>): Search =>
  async (machine, options) => {
    const result = await realSearch(machine, options);
    return { ...result, ...change(result) };
  };

interface File {
  schema: number;
  models: Record<string, { states: number; properties: Record<string, unknown> }>;
}
const stored = (): File => JSON.parse(readFileSync(file, 'utf8')) as File;
let written = '';

beforeAll(async () => {
  expect(await run(['bench-iommu'], update)).toMatchObject({ code: 0 });
  written = readFileSync(file, 'utf8');
});
beforeEach(() => writeFileSync(file, written));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('writing', () => {
  it('keeps scope, counts, verdicts and lengths, a line a property', () => {
    expect(stored()).toMatchObject({
      format: 'ringfence-baseline',
      schema: 1,
      models: {
        'bench-iommu': {
          scope: { cpus: 2, devices: 1, pages: 2, queue: 2 },
          verdict: 'holds',
          deadlocks: 0,
          properties: { Inv1: { verdict: 'holds' }, deadlock: { verdict: 'holds' } },
        },
      },
    });
    expect(written).toContain('\n        "Inv1": { "verdict": "holds" },\n');
  });

  it('gives the same bytes again, leaves no other file, and keeps the models that were not checked', async () => {
    const value = stored();
    value.models['zz'] = value.models['aa'] = value.models['bench-iommu'];
    writeFileSync(file, JSON.stringify(value));
    const { code, stderr } = await run(['bench-iommu'], update);
    expect([code, stderr]).toEqual([0, 'kept/baseline.json is written: 3 models, 0 changes\n']);
    expect(Object.keys(stored().models)).toEqual(['aa', 'bench-iommu', 'zz']);
    expect(readdirSync(path.dirname(file))).toEqual(['baseline.json']);
    const once = readFileSync(file, 'utf8');
    await run(['bench-iommu'], update);
    expect(readFileSync(file, 'utf8')).toBe(once);
  });

  it('writes nothing of a search that was not complete: exit 3', async () => {
    const { code, stderr } = await run(['bench-iommu'], { ...update, maxStates: 50 });
    expect(code).toBe(3);
    expect(stderr).toContain('not written to kept/baseline.json, because the search was not complete: bench-iommu');
    expect(readFileSync(file, 'utf8')).toBe(written);
  });

  it('shows what it changes, and is no failure', async () => {
    const { code, stderr } = await run(
      ['bench-iommu'],
      update,
      changed(({ states }) => ({ states: states + 1 })),
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/1 change\n.*baseline.*now\n {2}bench-iommu +states +[\d,]+ +[\d,]+\n$/);
    expect(readFileSync(file, 'utf8')).not.toBe(written);
  });

  it('says that it can not write, after the verdict', async () => {
    const { code, stdout, stderr } = await run(['bench-iommu'], { ...update, baseline: '/proc/ringfence/b.json' });
    expect(code).toBe(2);
    expect(stdout).toContain('✓ holds');
    expect(stderr).toContain("the baseline /proc/ringfence/b.json can't be written");
  });
});

describe('comparing', () => {
  it('is silent but for one line where nothing differs', async () => {
    const { code, stdout, stderr } = await run(['bench-iommu']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/\n\n✓ baseline {2}all that was compared is as in kept\/baseline.json\n$/);
  });

  it('fails on any difference, as a table', async () => {
    const search = changed(({ states, depth, properties }) => ({
      states: states + 1000,
      depth: depth - 1,
      properties: properties.map((one) => (one.id === 'Inv2' ? { ...one, id: 'Inv9' } : { ...one, length: 12 })),
    }));
    const { code, stdout } = await run(['bench-iommu'], {}, search);
    expect(code).toBe(1);
    const table = stdout.slice(stdout.indexOf('✗ baseline')).trimEnd().split('\n');
    expect(table.slice(1).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['model', 'what', 'baseline', 'now'],
      ['bench-iommu', 'states', expect.stringMatching(/^[\d,]+$/), expect.stringMatching(/^[\d,]+$/)],
      ['bench-iommu', 'depth', expect.anything(), expect.anything()],
      ['bench-iommu', 'Inv1', 'holds', 'holds, length 12'],
      ['bench-iommu', 'Inv2', 'holds', 'none'],
      ['bench-iommu', 'Inv9', 'none', 'holds'],
      ['bench-iommu', 'deadlock', 'holds', 'holds, length 12'],
    ]);
  });

  it('tells every reporter', async () => {
    const names = ['text', 'json', 'junit', 'github', 'sarif'] as const;
    const reporter = names.map((name) => ({ name, file: `out/${name}` }));
    const search = changed(({ states }) => ({ states: states + 1 }));
    expect(await run(['bench-iommu'], { reporter }, search)).toMatchObject({ code: 1 });
    const read = (name: string): string => readFileSync(path.join(folder, 'out', name), 'utf8');
    expect(read('text')).toContain('✗ baseline');
    expect(JSON.parse(read('json'))).toMatchObject({
      differences: [{ model: 'bench-iommu', what: 'states', now: stored().models['bench-iommu'].states + 1 }],
    });
    expect(read('junit')).toContain('<failure message="1 not as in the baseline" type="baseline">states: ');
    expect(read('github')).toMatch(/^::error .*title=bench-iommu is not as the baseline has it::states: /m);
    expect(read('sarif')).toMatch(/"ruleId": "baseline"/);
  });

  it('does not compare what was not searched in full: exit 3 even if every property is decided', async () => {
    const incomplete = { why: 'max-states', detail: 'the limit was reached' } as const;
    const search = changed(() => ({ incomplete }));
    const { code, stdout, stderr } = await run(['bench-iommu'], {}, search);
    expect(code).toBe(3);
    expect(stderr).toContain('not compared with kept/baseline.json, because the search was not complete: bench-iommu');
    expect(stdout).toContain('? baseline  only 0 of 1 model could be compared with kept/baseline.json');
  });

  it('a model that the baseline does not have is a difference', async () => {
    writeFileSync(file, written.replace('"bench-iommu"', '"bench-other"'));
    const { code, stdout, stderr } = await run(['bench-iommu']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/bench-iommu +model +none +there\n/);
    expect(stderr).toBe('not compared, because not checked: 1 model of kept/baseline.json\n');
  });

  it('without names, one that is only in the baseline is a difference, and an update drops it', async () => {
    const quick: Search = (machine) =>
      Promise.resolve({
        ...{ machine, verdict: 'holds', states: 1, transitions: 0, depth: 0, deadlocks: 0, seconds: 0, workers: 1 },
        ...{ specCalls: 0, bytesPerState: 0, codes: {}, faults: [], locks: [] },
        properties: machine.properties.map(({ id, kind }) => ({ id, kind, verdict: 'holds', vacuous: false })),
      } as unknown as SearchResult);
    writeFileSync(
      file,
      written.replace('"models": {', `"models": { "gone": ${JSON.stringify(stored().models['bench-iommu'])},`),
    );
    const { stdout, stderr } = await run([], { scope: {} }, quick);
    expect(stdout).toMatch(/\n {2}gone +model +there +none\n/);
    expect(stdout).toMatch(/\n {2}SC-01 +model +none +there\n/);
    // One of ours that is checked only by name is not gone.
    expect(stderr).toContain('not compared, because not checked: 1 model of');
    await run([], { scope: {}, ...update }, quick);
    const models = Object.keys(stored().models);
    expect(models).toEqual(expect.arrayContaining(['SC-01', 'bench-iommu']));
    expect(models).not.toContain('gone');
  });

  it('says a scope that has become another one, and nothing else', async () => {
    writeFileSync(file, written.replace('"pages": 2', '"pages": 9').replace('"bench-iommu"', '"SC-15/domains-first"'));
    const { code, stdout } = await run(['SC-15/domains-first'], { scope: {} });
    expect(code).toBe(1);
    expect(stdout.slice(stdout.indexOf('✗ baseline')).match(/SC-15\/domains-first/g)).toHaveLength(1);
    expect(stdout).toMatch(/SC-15\/domains-first +scope +cpus=2 devices=1 pages=9 queue=2 +\w+=/);
  });
});

describe('refused before anything is searched', () => {
  const of = (change: (value: Record<string, unknown>) => void) => () => {
    const value = JSON.parse(written) as Record<string, unknown>;
    change(value);
    return JSON.stringify(value);
  };
  const model = (change: (entry: Record<string, unknown>) => void) =>
    of((value) => change((value.models as Record<string, Record<string, unknown>>)['bench-iommu']));

  it.each<[string, () => string, string]>([
    ['another schema', of((value) => (value.schema = 7)), 'it has schema 7, and this ringfence reads schema 1'],
    ['no schema', of((value) => delete value.schema), 'lacks the field "schema"'],
    ['another format', of((value) => (value.format = 'x')), 'it has no "format"'],
    ['broken JSON', () => written.slice(0, 100), 'it is not JSON'],
    ['nothing', () => '', 'it is not JSON'],
    ['null', () => 'null', 'it has no "format"'],
    ['a list', () => '[1]', 'it has no "format"'],
    ['a text as count', model((entry) => (entry.states = '5')), 'baseline.models.bench-iommu.states is not a whole'],
    ['a negative count', model((entry) => (entry.depth = -1)), 'depth is not a whole number'],
    ['an unknown verdict', model((entry) => (entry.verdict = 'error')), 'verdict is not one of holds, violated'],
    ['an unknown field', model((entry) => (entry.extra = 1)), 'has an unknown field "extra"'],
    ['a prototype', () => written.replace('"bench-iommu"', '"__proto__"'), '__proto__'],
    ['too much', () => ' '.repeat(2 ** 24 + 1), 'it is larger than'],
  ])('%s', async (_name, content, words) => {
    const text = content();
    writeFileSync(file, text);
    for (const updateBaseline of [false, true]) {
      const failed = run(['bench-iommu'], { updateBaseline }, never);
      await expect(failed).rejects.toThrow(/^baseline kept\/baseline\.json is refused: .*\n.*--update-baseline/);
      await expect(failed).rejects.toThrow(words);
    }
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it.each<[string, Partial<CheckOptions>, string]>([
    ['no file', { baseline: 'nowhere.json' }, 'there is no baseline nowhere.json; --update-baseline writes it'],
    ['a folder', { baseline: 'kept' }, "kept can't be read"],
    ['below a file', { baseline: 'kept/baseline.json/x', ...update }, 'is a file'],
    ['an update of nothing', { baseline: undefined, ...update }, '--update-baseline needs the file to write'],
    ['an edit', { edits: ['drop unmap/U5'] }, 'leave out --without and --edit, or --baseline'],
    ['a property', { property: ['Inv1'], ...update }, 'leave out --property'],
    [
      'another scope',
      { scope: { pages: '1' } },
      'and only equal scopes can be compared:\ncpus=2 devices=1 pages=2 queue=2 (there)',
    ],
  ])('%s', async (_name, options, words) => {
    mkdirSync(path.join(folder, 'kept'), { recursive: true });
    await expect(run(['bench-iommu'], options, never)).rejects.toThrow(words);
    expect(existsSync(path.join(folder, 'nowhere.json'))).toBe(false);
  });
});
