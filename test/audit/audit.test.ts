/** The command as a user sees it, on a model with an edit of every class. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built, command, ringfence, type Run } from '../cli/run.js';
import { till } from './till.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-audit-'));
const results = path.join(folder, 'results/runs/audit-till.jsonl');
const audit = (...args: readonly string[]): Run => ringfence(folder, 'audit', './till.ts', '--workers', '2', ...args);
/** The clock without its guard runs on for ever: a limit ends it. */
const limit = ['--max-states', '20000'];

interface Printed {
  readonly summary?: true;
  readonly short: string;
  readonly class: string;
  readonly note: string;
  readonly broken: readonly { readonly id: string; readonly length: number }[];
  readonly sameGraph: boolean;
  readonly states: number;
  readonly traces: readonly string[];
  readonly reproduce: string;
}
const printed = ({ stdout }: Run): Printed[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Printed);
const lines = (): string[] => readFileSync(results, 'utf8').trimEnd().split('\n');

beforeAll(async () => {
  await built();
  writeFileSync(path.join(folder, 'till.ts'), till);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a whole audit', () => {
  let run: Run;
  beforeAll(() => {
    run = audit(...limit, '--json');
  });

  it('finds each class, writes results and traces, and says what is undecided by its exit code', () => {
    expect(run.code).toBe(3);
    const all = printed(run);
    const rows = all.slice(0, -1);
    const found = Object.fromEntries(rows.map((row) => [row.short, row.class]));
    expect(found).toEqual({
      'pass put/till-exists': 'redundant',
      'pass put/till-is-empty': 'load-bearing',
      'pass get/is-full': 'redundant',
      'pass get/is-not-empty': 'redundant',
      'pass clock/before-noon': 'incomplete',
      'drop put/take-out-a-coin': 'meaningless',
      'drop put/look': 'load-bearing',
      'drop put/put': 'redundant',
      'drop get/get': 'redundant',
      'drop clock/tick': 'redundant',
      'drop clock/chime': 'redundant',
      'swap put/take-out-a-coin put/till_lock': 'meaningless',
      'swap put/look put/put': 'load-bearing',
      'unlock put/till_lock': 'load-bearing',
      'unlock get/till_lock': 'redundant',
    });
    const noted = (short: string) => rows.find((row) => row.short === short)?.note;
    expect(noted('pass put/till-exists')).toBe('never refuses here');
    expect(noted('pass get/is-full')).toBe('changes no transition: something else refuses the same');
    expect(noted('drop clock/chime')).toBe('never fires here');
    expect(noted('drop put/put')).toBe('one-coin looks at what it does');
    expect(noted('drop clock/tick')).toBe('no property looks at what it does');
    expect(all.at(-1)).toMatchObject({ summary: true, edits: 15, explored: 15, leftOut: [] });
    expect(lines()).toHaveLength(16);
  });

  it('keeps a trace of each attack, and its own check finds it again', () => {
    const row = printed(run).find(({ short }) => short === 'pass put/till-is-empty')!;
    expect(row.broken).toEqual([{ id: 'one-coin', length: 6 }]);
    const shown = ringfence(folder, 'show', row.traces[0]);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain('one-coin is violated after 6 steps');
    const [, , ...args] = row.reproduce.replaceAll("'", '').split(' ');
    const edit = args.indexOf('--edit');
    const again = ringfence(
      folder,
      ...args.slice(0, edit + 1),
      args.slice(edit + 1, edit + 3).join(' '),
      ...args.slice(edit + 3),
      '--json',
    );
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({ properties: [{ id: 'one-coin', length: 6 }, {}] });
  });

  it('prints a matrix with a summary', () => {
    const { code, stdout, stderr } = audit(...limit);
    expect(code).toBe(3);
    expect(stderr).toContain('14 of 15 edits taken from');
    expect(stdout).toContain(
      '1 of 5 guards load-bearing, 3 not needed in this scope (2 never refuse here), 1 not decided',
    );
    expect(stdout).toMatch(/load-bearing {2}put\/look +4 +21 {2}one-coin/);
  });

  it('leaves out what is violated without any edit', () => {
    const file = path.join(folder, 'greedy.ts');
    const more = "m.invariant('no-coin', { text: 'none', reads: () => ({ coins }), holds: (s) => s.coins === 0 });";
    writeFileSync(
      file,
      till.replace("name: 'till'", "name: 'greedy'").replace("m.wedgeFree('wedge'", `${more}\n    $&`),
    );
    const run = ringfence(folder, 'audit', './greedy.ts', '--only', 'put/till', '--json');
    const all = printed(run);
    expect(run.code).toBe(0);
    expect(all.at(-1)).toMatchObject({ leftOut: ['no-coin'], properties: ['one-coin', 'wedge'] });
    expect(all.flatMap((row) => row.broken ?? []).map(({ id }) => id)).not.toContain('no-coin');
    expect(all[0].reproduce).toContain('--property one-coin');
  });
});

describe('resuming', () => {
  it('takes up what is whole, and explores the rest', () => {
    const before = printed(audit(...limit, '--json'));
    const content = readFileSync(results, 'utf8');
    const half = content.split('\n').slice(0, 6).join('\n');
    writeFileSync(results, `${half}\n{"edit":"drop put/l`);
    const run = audit(...limit, '--json');
    expect(run.stderr).toMatch(/[45] of 15 edits taken from/);
    // How far a search comes before it sees its limit is a matter of time.
    const counts = { states: 0, transitions: 0, depth: 0 };
    const quiet = (all: readonly Printed[]) =>
      all.map((row) => ({
        ...row,
        ...(row.class === 'incomplete' ? counts : {}),
        seconds: 0,
        plain: 0,
        traces: row.traces?.length,
      }));
    expect(quiet(printed(run))).toEqual(quiet(before));
    expect(lines().every((line) => typeof JSON.parse(line) === 'object')).toBe(true);
  });

  it('says when results are of another audit, and begins anew', () => {
    audit(...limit);
    const file = path.join(folder, 'till.ts');
    writeFileSync(file, till.replace('s.coins <= 1', 's.coins <= 2'));
    const { stderr } = audit(...limit, '--only', 'put*look');
    writeFileSync(file, till);
    expect(stderr).toContain('is of another audit (not the same: the code of the model or of ringfence)');
    expect(audit(...limit, '--only', 'put*look').stderr).toContain('begun anew');
  });

  it.each([
    ['not json\n', 'line 1 is no JSON'],
    ['{"format":"ringfence-audit-1"}\n', 'line 1 lacks the field'],
    ['', 'line 1 is not there'],
  ])('refuses a file that it did not write: %j', (content, why) => {
    writeFileSync(results, content);
    const run = audit(...limit);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(why);
    expect(run.stderr).toContain('--fresh');
    expect(readFileSync(results, 'utf8')).toBe(content);
    expect(audit(...limit, '--fresh', '--only', 'put/till').code).toBe(0);
  });

  it('keeps what an interrupted audit has found', async () => {
    rmSync(results, { force: true });
    // One thread is held up by the clock until the signal comes; four edits need no search, and one is before it.
    const child = spawn(process.execPath, [command, 'audit', './till.ts', '--workers', '1', '--max-states', '1e9'], {
      cwd: folder,
    });
    let stdout = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const there = (): number => {
      try {
        return lines().length;
      } catch {
        return 0;
      }
    };
    while (there() < 6) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGINT');
    expect(await ended).toBe(3);
    expect(stdout).toContain('10 of 15 edits not explored');
    expect(stdout).toContain('npx ringfence audit ./till.ts');
    expect(stdout).toMatch(/load-bearing {2}put\/till-is-empty/);
    const run = audit(...limit);
    expect(run.stderr).toContain('5 of 15 edits taken from');
    expect(run.stdout).not.toContain('not explored');
  });
});

describe('--minimal', () => {
  it('agrees with trying all sets of guards', () => {
    const guards = ['put/till-exists', 'put/till-is-empty', 'get/is-full', 'get/is-not-empty'];
    const run = audit('--minimal', '--only', 't/', '--json');
    expect(run.code).toBe(0);
    const summary = printed(run).at(-1) as unknown as { removed: string[]; stay: string[]; confirmed: object };
    const last = (id: string): string => id.slice(id.lastIndexOf('/') + 1);
    const removed = summary.removed.map(last);
    const holds = (without: readonly string[]): boolean =>
      ringfence(folder, 'check', './till.ts', '--workers', '1', ...without.flatMap((id) => ['--edit', `pass ${id}`]))
        .code === 0;
    const gone = guards.filter((guard) => removed.includes(last(guard)));
    expect(holds(gone)).toBe(true);
    for (const guard of guards.filter((one) => !gone.includes(one))) expect(holds([...gone, guard])).toBe(false);
    expect(removed).toEqual(['till-exists', 'is-full']);
    expect(summary.confirmed).toMatchObject({ outcome: { broken: [], faults: [], incomplete: '' } });
  });
});

describe('bad input', () => {
  it.each([
    [['--kind', 'move'], 'is no kind of edit: there are pass, drop, swap, unlock, call'],
    [['--only', 'nowhere'], 'no edit has "nowhere" in it'],
    [['--minimal', '--kind', 'drop'], 'leave --kind out'],
    [['--property', 'nothing'], 'has no property "nothing"'],
    [['--scope', 'clerks=9'], 'clerks is a whole number from 1 to 2'],
    [['--out', 'till.ts'], 'is a file'],
  ])('%j', (args, why) => {
    const before = readdirSync(folder);
    const { code, stdout, stderr } = audit(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(why);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('does not audit what it can’t explore whole', () => {
    const { code, stderr } = ringfence(folder, 'audit', 'SC-01', '--max-states', '5000', '--kind', 'unlock');
    expect(code).toBe(3);
    expect(stderr).toContain('SC-01 is not audited');
  });
});
