/** What reporters say of a model without a result: its search broke down, or its turn never came. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { hostile } from '../../fixtures/hostile.js';
import { check } from '../../../src/cli/check.js';
import { named } from '../../../src/cli/models.js';
import { githubReporter } from '../../../src/cli/reporters/github.js';
import { junitReporter } from '../../../src/cli/reporters/junit.js';
import { Locator } from '../../../src/cli/reporters/location.js';
import type { Ended } from '../../../src/cli/reporters/reporter.js';
import { sarifReporter } from '../../../src/cli/reporters/sarif.js';
import { build } from '../../../src/language/index.js';
import { all, junitProblems, parseXml } from './junit-shape.js';
import { readSarif } from './sarif-shape.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `check` of a model whose search throws; all formats at once. */
async function broken(env: Record<string, string>) {
  let stderr = '';
  const code = await check(
    ['bench-iommu'],
    {
      ...{ scope: {}, workers: 1, edits: [], property: [], deny: [], stopAtFirst: false, selfCheck: false },
      ...{
        coverage: false,
        coverageTransitions: false,
        coverageListing: false,
        profile: false,
        json: false,
        updateBaseline: false,
        out: 'runs',
      },
      reporter: [...(['json', 'junit', 'sarif'] as const).map((name) => ({ name, file: name })), { name: 'github' }],
    },
    { stdout: { write: () => true }, stderr: { write: (text) => (stderr += text) }, env, cwd: folder },
    () => Promise.reject(new Error(hostile)),
  );
  return { code, stderr };
}

const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

it('a search that breaks down is an error in every format', async () => {
  const { code, stderr } = await broken({ GITHUB_STEP_SUMMARY: 'summary.md' });
  expect(code).toBe(2);
  const words = 'the search broke down, so there is no verdict: x]]>y ::error::z';
  expect(JSON.parse(read('json'))).toMatchObject({ verdict: 'error', error: hostile });
  const junit = parseXml(read('junit'));
  expect(junitProblems(junit)).toEqual([]);
  expect(all(junit, 'error').map(({ attributes }) => attributes.message.slice(0, words.length))).toEqual([words]);
  const { results, invocations } = readSarif(read('sarif'));
  expect(results).toEqual([]);
  expect(invocations[0]).toMatchObject({ executionSuccessful: false, exitCode: 2 });
  expect(invocations[0].toolExecutionNotifications).toMatchObject([{ level: 'error' }]);
  expect(stderr.split('\n').filter((line) => line.startsWith('::'))).toEqual([
    expect.stringMatching(/^::error title=bench-iommu::the search broke down/),
  ]);
  expect(read('summary.md')).toContain('| bench-iommu | ❗ error |');
});

it('a job summary that can not be written is said, and an error', async () => {
  writeFileSync(path.join(folder, 'file'), '');
  const { code, stderr } = await broken({ GITHUB_STEP_SUMMARY: 'file/summary.md' });
  expect(code).toBe(2);
  expect(stderr).toContain("error: the job summary (GITHUB_STEP_SUMMARY) can't be written");
});

it('a model that was not checked is an error or a warning, and nothing passes', () => {
  const found = named('bench-iommu');
  const asked = { found, machine: build(found.model), reproduce: 'npx ringfence check bench-iommu' };
  const ended: Ended = { unchecked: [asked], differences: [], code: 3 };
  // As GitHub runs it: in a checkout that is this repository.
  const locator = new Locator({ cwd: path.resolve('src'), env: { GITHUB_WORKSPACE: path.resolve('.') } });
  const junit = parseXml(junitReporter().end(ended));
  expect(junitProblems(junit)).toEqual([]);
  expect(junit.attributes).toMatchObject({ tests: '1', failures: '0', errors: '1' });
  const { invocations } = readSarif(sarifReporter(locator).end(ended));
  expect(invocations[0]).toMatchObject({ executionSuccessful: false, exitCode: 3 });
  expect(invocations[0].toolExecutionNotifications[0]).toMatchObject({
    level: 'warning',
    message: { text: 'bench-iommu: not checked: it was interrupted before' },
    locations: [{ physicalLocation: { artifactLocation: { uri: 'models/bench-iommu.ts' } } }],
  });
  let summary = '';
  const commands = githubReporter(locator, (text) => (summary = text)).end(ended);
  expect(commands).toBe(
    '::warning file=models/bench-iommu.ts,line=1,title=bench-iommu::not checked: it was interrupted before\n',
  );
  expect(summary).toContain('| bench-iommu | ⏸ not checked |');
});
