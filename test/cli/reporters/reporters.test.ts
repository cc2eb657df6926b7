/** Every reporter on models with every outcome and with hostile text, several at once; each format against its schema. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reporterOption, type ReporterChoice } from '../../../src/cli/options.js';
import { openReporters } from '../../../src/cli/reporters/open.js';
import { built, ringfence, type Run } from '../run.js';
import { all, junitProblems, parseXml } from './junit-shape.js';
import { readSarif } from './sarif-shape.js';

// A repository, and a folder in it where the user is.
const repository = mkdtempSync(path.join(tmpdir(), 'ringfence-test-'));
const folder = path.join(repository, 'my models');
const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
const summary = path.join(repository, 'summary.md');
let run: Run;

beforeAll(async () => {
  await built();
  mkdirSync(path.join(repository, '.git'));
  mkdirSync(folder);
  for (const name of ['ci-models.js', 'hostile.ts']) cpSync(`test/fixtures/${name}`, path.join(folder, name));
  writeFileSync(summary, 'before\n');
  process.env.GITHUB_STEP_SUMMARY = summary;
  delete process.env.GITHUB_WORKSPACE;
  run = ringfence(
    folder,
    ...['check', './ci-models.js', '--workers', '1', '--max-states', '100', '--reporter', 'github'],
    ...['--reporter', 'junit=out/junit.xml', '--reporter', 'sarif=out/r.sarif', '--reporter', 'json=out/r.jsonl'],
  );
  delete process.env.GITHUB_STEP_SUMMARY;
});
afterAll(() => rmSync(repository, { recursive: true, force: true }));

it('keeps text on stdout where no other reporter has it, and the exit code', () => {
  expect(run.code).toBe(2);
  expect(run.stdout).toMatch(/^ci\/violated /m);
  expect(run.stdout).not.toMatch(/^::/m);
});

it('json to a file is what json on stdout is', () => {
  const lines = read('out/r.jsonl').trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { model: string; verdict: string }).verdict)).toEqual(
    'holds violated violated holds violated incomplete error'.split(' '),
  );
  const { stdout } = ringfence(folder, 'check', './ci-models.js', '--workers', '1', '--reporter', 'json');
  expect(stdout.split('\n').filter((line) => line !== '')).toHaveLength(7);
});

describe('junit', () => {
  const root = () => parseXml(read('out/junit.xml'));
  const outcome = (model: string) => {
    const [suite] = all(root(), 'testsuite').filter(({ attributes }) => attributes.name === model);
    return all(suite, 'testcase').map(({ attributes, children }) => [
      attributes.name,
      ...children.map(({ name, attributes: { type } }) => (type === undefined ? name : `${name} ${type}`)),
    ]);
  };

  it('is well-formed, and as the schema has it', () => {
    expect(junitProblems(root())).toEqual([]);
  });

  it('has a suite a model, a case a property; what is expected passes, what is undecided does not', () => {
    expect(outcome('ci/holds')).toEqual([['below']]);
    expect(outcome('ci/violated')).toEqual([['below', 'failure not-as-expected']]);
    expect(outcome('ci/expected')).toEqual([['below', 'system-out']]);
    expect(outcome('ci/surprise')).toEqual([['below', 'failure not-as-expected']]);
    expect(outcome('ci/never')).toEqual([['nine', 'failure not-as-expected']]);
    expect(outcome('ci/large')).toEqual([['below', 'error undecided']]);
    expect(outcome('ci/fault')).toEqual([['fault:dev/tick:throw', 'error model-error']]);
    expect(root().attributes).toMatchObject({ tests: '7', failures: '3', errors: '2' });
  });

  it('has the counterexample, with its text as it was but for control characters', () => {
    const [failure] = all(root(), 'failure');
    expect(failure.attributes.message).toBe(
      'violated in 2 steps (expected: holds): x is 2 x]]>y ::error::z\\nline\\u{d}\\u{0}\\u{1b}[31m <script>alert(1)</script> | `t` ``` [l](javascript:u) {0} %0A \\u{202e} \\u{d800} & "q"',
    );
    expect(failure.text).toMatch(/^ +x {2}1 → 2$/m);
    expect(failure.text).toContain('npx ringfence show results/runs/ci-violated-below.trace');
  });
});

describe('sarif', () => {
  it('is as the schema has it; has a rule a property, and a result for what is violated only', () => {
    const { tool, results, invocations } = readSarif(read('out/r.sarif'));
    expect(tool.driver.rules.map(({ id }) => id)).toEqual(
      'ci/holds/below ci/violated/below ci/expected/below ci/surprise/below ci/never/nine ci/large/below ci/fault/fault:dev/tick:throw'.split(
        ' ',
      ),
    );
    expect(results.map(({ ruleId, level, suppressions }) => [ruleId, level, suppressions?.length ?? 0])).toEqual([
      ['ci/violated/below', 'error', 0],
      ['ci/expected/below', 'note', 1],
      ['ci/surprise/below', 'error', 0],
      ['ci/never/nine', 'error', 0],
      ['ci/fault/fault:dev/tick:throw', 'error', 0],
    ]);
    expect(invocations[0]).toMatchObject({ executionSuccessful: false, exitCode: 2 });
    expect(invocations[0].toolExecutionNotifications.map(({ message }) => message.text)).toEqual([
      'ci/large: not complete: the limit of 100 states was reached; undecided: below',
    ]);
  });

  it('points into the repository: the guilty step, each step of the trace, and the trace file', () => {
    const { results } = readSarif(read('out/r.sarif'));
    const line =
      1 +
      read('ci-models.js')
        .split('\n')
        .findIndex((text) => text.includes("rule('tick', { fn"));
    const { locations, codeFlows = [], attachments = [] } = results[0];
    const place = { artifactLocation: { uri: 'my%20models/ci-models.js' }, region: { startLine: line } };
    expect(locations[0].physicalLocation).toMatchObject(place);
    const steps = codeFlows[0].threadFlows[0].locations;
    expect(
      steps.map(({ location, executionOrder }) => [location.physicalLocation.region.startLine, executionOrder]),
    ).toEqual([
      [line, 1],
      [line, 2],
    ]);
    expect(steps[1].location.message?.text).toMatch(/\nx: 1 → 2$/);
    const { uri } = attachments[0].artifactLocation;
    expect(existsSync(path.join(repository, decodeURIComponent(uri)))).toBe(true);
  });

  it('gives the same finding the same fingerprint, and another one another', () => {
    const of = () => readSarif(read('out/r.sarif')).results.map((one) => one.partialFingerprints['ringfence/v1']);
    const before = of();
    writeFileSync(path.join(folder, 'ci-models.js'), `// one line more\n${read('ci-models.js')}`);
    ringfence(folder, 'check', './ci-models.js', '--workers', '1', '--reporter', 'sarif=out/r.sarif');
    cpSync('test/fixtures/ci-models.js', path.join(folder, 'ci-models.js'));
    expect(of()).toEqual(before);
    expect(new Set(before).size).toBe(before.length);
  });
});

describe('github', () => {
  const commands = () => run.stderr.split('\n').filter((line) => line !== '');

  it('writes one command a line, escaped, to stderr, and none for what is expected', () => {
    for (const line of commands()) expect(line).toMatch(/^::(error|warning) file=[^:,]+,line=\d+,title=[^:,]+::./);
    expect(commands().map((line) => /^::(\w+) .*title=([^:]*)::/.exec(line)?.slice(1))).toEqual([
      ['error', 'ci/violated below'],
      ['error', 'ci/surprise below'],
      ['error', 'ci/never nine'],
      ['warning', 'ci/large'],
      ['error', 'ci/fault fault%3Adev/tick%3Athrow'],
    ]);
  });

  it('names file and line of the guilty step, and keeps what the text says', () => {
    const [line] = commands();
    expect(line).toMatch(/^::error file=my models\/ci-models\.js,line=\d\d,/);
    expect(line).toContain('{0} %250A \\u{202e}');
    expect(line.split('%0A').at(-2)).toMatch(/^trace: results\/runs\/ci-violated-below.trace /);
  });

  it('appends a summary in which no text of a model is markup', () => {
    const text = readFileSync(summary, 'utf8');
    expect(text).toMatch(/^before\n## ringfence\n/);
    expect(text).toContain('| ci/expected | ✅ violated, as expected | below ✅ | 4 | 3 |');
    expect(text).toContain('| ci/large | ⚠️ incomplete | below ⚠️ | 100 | 98 |');
    const blocks = [...text.matchAll(/^(`{3,})text\n([^]*?)\n\1$/gm)];
    expect(blocks).toHaveLength(4);
    expect(blocks[0][2]).toContain('<script>');
    const outside = blocks.reduce((rest, [whole]) => rest.replace(whole, ''), text);
    expect(outside.match(/<(?!\/?(details|summary|b)>)|`|\]\(|::/g)).toBeNull();
    expect(outside.match(/<details>/g)).toHaveLength(4);
  });
});

describe('where they write', () => {
  const small = ['check', './ci-models.js', '--workers', '1'];

  it.each<[string[], string]>([
    [['junit', 'json'], 'only one reporter can have stdout, and these want it: junit, json'],
    [['xml'], '"xml" is no reporter; there are text, json, junit, github, sarif'],
    [['junit='], 'names no file'],
    [['junit=a', 'sarif=./a'], "two reporters can't write one file"],
    [['junit=ci-models.js/a'], 'ci-models.js is a file'],
    [['junit=.'], 'it is a folder'],
    [['github', 'github'], 'given twice'],
  ])('%j is refused at once', (given, words) => {
    const output = { write: () => expect.unreachable() };
    const terminal = { stdout: output, stderr: output, env: {}, cwd: folder };
    const read = () => given.reduce<ReporterChoice[]>((before, text) => reporterOption(text, before), []);
    expect(() => openReporters({ reporter: read(), json: false }, terminal)).toThrow(words);
  });

  it('--json is one of them, and the command says what is wrong', () => {
    const { code, stdout, stderr } = ringfence(folder, ...small, '--reporter', 'junit', '--json');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('these want it: junit, json\n  give the others a file');
  });

  it('one on stdout takes the place of text', () => {
    const { stdout } = ringfence(folder, ...small, '--reporter', 'junit');
    expect(junitProblems(parseXml(stdout))).toEqual([]);
  });

  it('a file that can not be written is an error that keeps all the rest', () => {
    const { code, stdout, stderr } = ringfence(
      folder,
      ...small,
      ...['--reporter', 'junit=/proc/ringfence/j.xml', '--reporter', 'sarif=kept.sarif'],
    );
    expect(code).toBe(2);
    expect(stdout).toContain('✗ violated');
    expect(stderr).toContain("--reporter junit=/proc/ringfence/j.xml can't be written");
    expect(readSarif(read('kept.sarif')).results).not.toHaveLength(0);
  });
});
