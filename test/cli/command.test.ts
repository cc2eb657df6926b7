/** The command as a user sees it, on the tutorial's model and the bench model. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { built, command, ringfence } from './run.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-test-'));
const tutorial = readFileSync('docs/writing-a-model.md', 'utf8');
const block = (fence: string): string => tutorial.split(`\`\`\`${fence}\n`)[1].split('\n```')[0];
const outputs = [...tutorial.matchAll(/```console\n\$ npx ringfence (.*)\n([^]*?)\n```/g)].map(([, args, text]) => ({
  args: args.split(' '),
  text,
}));
const steady = (text: string): string => text.replace(/^ {2}took .*$/gm, '  took').trim();
const small = ['--scope', 'devices=1,pages=2'];

beforeAll(built);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('does what the tutorial says, word for word', () => {
  const [first, second, replayed, without] = outputs;
  const file = path.join(folder, 'my-model.ts');
  writeFileSync(file, `${block('ts my-model.ts')}\n`);
  const bug = ringfence(folder, ...first.args);
  expect(steady(bug.stdout)).toBe(steady(first.text));
  expect(bug).toMatchObject({ code: 1, stderr: '' });
  const source = readFileSync(file, 'utf8');
  const [from, to] = [source.indexOf("        h.step('look for room'"), source.indexOf('      ]);\n      m.process')];
  writeFileSync(file, `${source.slice(0, from)}${block('ts fix')}\n${source.slice(to)}`);
  const fixed = ringfence(folder, ...second.args);
  expect(steady(fixed.stdout)).toBe(steady(second.text));
  expect(fixed.code).toBe(0);
  const deviates = ringfence(folder, ...replayed.args);
  expect(steady(deviates.stderr + deviates.stdout)).toBe(steady(replayed.text));
  expect(deviates.code).toBe(1);
  const edited = ringfence(folder, ...without.args);
  expect(steady(edited.stdout)).toBe(steady(without.text));
  expect(edited.code).toBe(1);
  expect(readdirSync(path.join(folder, 'results/runs'))).toEqual(['mailbox-no-overflow.trace']);
});

it('prints one JSON object a model, and nothing else on stdout', () => {
  const { code, stdout, stderr } = ringfence(
    folder,
    'check',
    'bench-iommu',
    ...small,
    '--json',
    '--without',
    'unmap/U5',
    '--out',
    'traces',
  );
  expect([code, stderr]).toEqual([1, '']);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  const result = JSON.parse(stdout) as Record<string, unknown>;
  expect(result).toMatchObject({
    model: 'bench-iommu',
    scope: { cpus: 2, devices: 1, pages: 2, queue: 2 },
    edits: ['drop unmap/U1/U5'],
    verdict: 'violated',
    deadlocks: 0,
    asExpected: false,
    properties: [
      { id: 'Inv1', verdict: 'violated', length: 18, trace: 'traces/bench-iommu-Inv1.trace' },
      { id: 'Inv2', verdict: 'violated', length: 19, trace: 'traces/bench-iommu-Inv2.trace' },
      { id: 'deadlock', verdict: 'holds' },
    ],
  });
  for (const field of [
    'states',
    'transitions',
    'depth',
    'deadlocks',
    'seconds',
    'workers',
    'specCalls',
    'bytesPerState',
  ]) {
    expect(typeof result[field], field).toBe('number');
  }
});

it('shows and replays what it wrote, and refuses it damaged', () => {
  const trace = 'traces/bench-iommu-Inv1.trace';
  expect(
    ringfence(
      folder,
      'check',
      'bench-iommu',
      ...small,
      '--property',
      'Inv1',
      '--without',
      'unmap/U5',
      '--out',
      'traces',
    ).code,
  ).toBe(1);
  const shown = ringfence(folder, 'show', trace);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toContain('a page in a TLB belongs to the host');
  expect(shown.stdout).toMatch(/models\/bench-iommu\.ts:\d+/);
  expect(shown.stdout).toContain('it is    d=d0, p=p0');
  expect(ringfence(folder, 'show', trace, '--state', '3').stdout).toContain('lock[d0]   held');
  expect(ringfence(folder, 'replay', trace)).toMatchObject({ code: 0 });
  cpSync(path.join(folder, trace), path.join(folder, 'bad.trace'));
  writeFileSync(path.join(folder, 'bad.trace'), readFileSync(path.join(folder, trace)).subarray(0, 500));
  expect(ringfence(folder, 'show', 'bad.trace')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'error: bad.trace is refused: it is corrupt: it is cut short or no msgpack\n',
  });
  expect(ringfence(folder, 'replay', 'nowhere.trace')).toMatchObject({ code: 2 });
});

it.each<[string[], string]>([
  [['check', 'bench-iomu'], 'did you mean bench-iommu?'],
  [['check', 'bench-iommu', '--without', 'unmap/U55'], 'did you mean'],
  [['check', 'bench-iommu', '--scope', 'cpus=9'], 'cpus is a whole number from 1 to 4'],
  [['check', 'bench-iommu', '--scope', 'cpsu=1'], 'no scope parameter "cpsu"'],
  [['check', 'bench-iommu', '--property', 'Inv3'], 'did you mean Inv1'],
  [['check', 'bench-iommu', '--edit', 'burn unmap/U5'], 'is no edit'],
  [['check', 'nowhere.ts'], 'there is no file nowhere.ts'],
  [['check', 'bench-iommu', '--without', 'CONSUME'], 'did you mean "smmu/consume"'],
  [['check', 'bench-iommu', '--scope', 'cpus=1,cpus=2'], '"cpus" is given twice'],
  [['check', 'bench-iommu', '--out', 'my-model.ts/runs'], 'my-model.ts is a file'],
  [['list', '--locks'], '--locks needs a model'],
  [['list', 'bench-iommu', '--json'], '--json goes with --locks only'],
  [['check', '--frob'], "unknown option '--frob'"],
  [['frob'], "unknown command 'frob'"],
  [['list', 'bench-iomu'], 'did you mean bench-iommu?'],
  [['show'], "missing required argument 'trace'"],
])('%j is an error that says what to do', (args, words) => {
  const { code, stdout, stderr } = ringfence(folder, ...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('error: ');
  expect(stderr).toContain(words);
});

it.each<[string, string, string]>([
  ['syntax.ts', 'export default model(', 'does not compile: syntax.ts:1:'],
  ['empty.ts', 'export {};', 'exports no model'],
  ['other.ts', 'export default { name: 1 };', 'is not made with'],
  ['throws.ts', 'throw new Error("no luck");', 'Error: no luck'],
  ['missing.ts', 'import "./nowhere.js";', 'nowhere.js'],
])('%s is refused with the reason', (name, source, words) => {
  writeFileSync(path.join(folder, name), source);
  const { code, stderr } = ringfence(folder, 'check', `./${name}`);
  expect(code).toBe(2);
  expect(stderr).toContain(words);
});

it('prints the verdict where the trace can not be written', () => {
  writeFileSync(path.join(folder, 'file'), '');
  const { code, stdout, stderr } = ringfence(
    folder,
    'check',
    'bench-iommu',
    ...small,
    '--property',
    'Inv1',
    '--without',
    'unmap/U5',
    '--out',
    '/proc/ringfence',
  );
  expect(code).toBe(2);
  expect(stdout).toContain('✗ violated');
  expect(stderr).toContain("can't be written");
});

it('says what a limit left undecided: exit 3', () => {
  const { code, stdout } = ringfence(folder, 'check', 'bench-iommu', ...small, '--max-states', '100', '--workers', '1');
  expect(code).toBe(3);
  expect(stdout).toContain('? incomplete');
  expect(stdout).not.toContain('✓ holds');
});

it('says how to do it again, limits and all, and what was never seen', () => {
  const args = ['--workers', '1', '--max-states', '1e6', '--max-depth', '99', '--timeout', '2m', '--stop-at-first'];
  const { stdout } = ringfence(folder, 'check', 'bench-iommu', ...small, ...args, '--property', 'Inv1', '--coverage');
  expect(stdout).toMatch(
    /reproduce .*--property Inv1 --max-states 1000000 --max-depth 99 --timeout 120s --stop-at-first$/m,
  );
  expect(stdout).toMatch(/^ {2}coverage {2}27 of 27 steps fired/m);
});

it('prints the lock-order graph', () => {
  const args = ['list', 'SC-01', '--locks', '--scope', 'pages=1,iovas=1'];
  expect(ringfence(folder, ...args).stdout).toMatch(/^ {2}list_lock\[domain0\] → smmu_lock\[smmu0\]$/m);
  expect(JSON.parse(ringfence(folder, ...args, '--json').stdout)).toMatchObject({
    complete: true,
    locks: [
      { held: 'host_mmu.lock', taken: 'pkvm_pgd_lock', sleeps: false, wrong: false },
      { held: 'list_lock[domain0]', taken: 'smmu_lock[smmu0]' },
    ],
  });
});

it('lists models and all their ids', () => {
  expect(ringfence(folder, 'list').stdout).toContain('bench-iommu');
  const { stdout } = ringfence(folder, 'list', 'bench-iommu', '--scope', 'cpus=1');
  for (const words of ['cpus=1', 'unmap/U1/U5', 'Inv1', 'invariant', 'smmu/consume', 'lock   map/M1'])
    expect(stdout).toContain(words);
});

it('has help with examples for every command', () => {
  for (const name of ['check', 'list', 'try', 'show', 'replay']) {
    expect(ringfence(folder, name, '--help')).toMatchObject({ code: 0, stderr: '' });
    expect(ringfence(folder, name, '--help').stdout).toContain(`$ ringfence ${name}`);
  }
  expect(ringfence(folder, '--version').stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
});

it('stops at Ctrl-C and prints what it has: exit 3', async () => {
  const endless = `import { model, next, range, rule } from 'ringfence';
export default model({ name: 'endless', title: 'endless', scope: {}, build: (m) => {
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
    const x = m.variable('x' + name, range(0, 40), 0);
    const run = (s) => (process.stderr.write('searching'), next({ x: (s.x + 1) % 41 }));
    m.hardware(name, [rule('tick', { writes: () => ({ x }), run })]);
  }
} });`;
  writeFileSync(path.join(folder, 'endless.js'), endless);
  const child = spawn(process.execPath, [command, 'check', './endless.js', '--workers', '1'], { cwd: folder });
  let stdout = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.once('data', () => child.kill('SIGINT'));
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(3);
  expect(stdout).toContain('? incomplete');
});

it('leaves no temporary files', () => {
  writeFileSync(path.join(folder, 'empty.ts'), 'export {};');
  const before = readdirSync(tmpdir()).filter((name) => /^ringfence-[A-Za-z0-9]{6}$/.test(name));
  ringfence(folder, 'check', './empty.ts');
  expect(
    readdirSync(tmpdir()).filter((name) => /^ringfence-[A-Za-z0-9]{6}$/.test(name) && !before.includes(name)),
  ).toEqual([]);
});
