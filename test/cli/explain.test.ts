import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { beforeAll, expect, it } from 'vitest';
import { windows } from '../../models/windows.js';
import { explain } from '../../src/cli/explain.js';
import { built, ringfence } from './run.js';

beforeAll(built);
const here = tmpdir();

/** What `explain ID --json` prints, without a process of its own. */
async function json(id: string, model?: string): Promise<Record<string, unknown>[]> {
  const written: string[] = [];
  const stdout = { write: (text: string) => written.push(text) };
  expect(await explain(id, { model, json: true }, { stdout, stderr: stdout, env: {}, cwd: here })).toBe(0);
  return JSON.parse(written.join('')) as Record<string, unknown>[];
}

it('explains a guard: what it lets pass, what is without it, and its defect', () => {
  const { code, stdout } = ringfence(here, 'explain', 'map_pages/host-owns-page', '--model', 'SC-01');
  expect(code).toBe(0);
  expect(stdout).toContain('the host may give a device only what it owns alone');
  expect(stdout).toMatch(/written +.*src\/spec\/page-ownership\.ts:\d+/);
  expect(stdout).toMatch(/otherwise +fail EPERM/);
  expect(stdout).toMatch(/without it +--without map_pages\/use_dma\/.*host-owns-page/);
  expect(stdout).toMatch(/defects +D-01 .*I-1 in 8 steps/);
  expect(stdout).toContain("npx ringfence check SC-01 --scope pages=2,iovas=1 --edit 'pass map_pages/host-owns-page'");
});

it('explains properties, windows, defects, assumptions, locks and scenarios', async () => {
  expect((await json('I-7')).map(({ kind }) => kind)).toContain('property');
  expect((await json('w-22'))[0]).toMatchObject({
    kind: 'window',
    ids: ['W-22'],
    at: expect.stringContaining('models/windows.ts:') as string,
  });
  expect((await json('D-02'))[0]).toMatchObject({ kind: 'defect', models: ['SC-01', 'SC-07/ranges', 'SC-21'] });
  expect((await json('A-PD')).map(({ kind }) => kind)).toEqual(['defect', 'assumption']);
  expect((await json('A-PD'))[1]).toMatchObject({ without: '--deny A-PD' });
  expect((await json('pgt_lock', 'SC-01')).map(({ kind }) => kind)).toEqual(['lock', 'lock', 'lock', 'lock']);
  expect((await json('SC-01'))[0]).toMatchObject({ kind: 'scenario', see: 'npx ringfence check SC-01' });
});

it('suggests what is near, and ends with 2', () => {
  const wrong = ringfence(here, 'explain', 'I-77');
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('nothing is called "I-77"; did you mean "I-7"');
  expect(ringfence(here, 'explain', 'zzzzzzzzqq').stderr).toContain('ringfence list MODEL');
});

it('knows every window that a source or page names, and where it belongs', () => {
  const ids = windows.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const text = (folder: string): string =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|md)$/.test(name) && !name.startsWith('window'))
      .map((name) => readFileSync(`${folder}/${name}`, 'utf8'))
      .join('\n');
  const named = new Set(
    ['models', 'src/spec', 'src/invariants', 'docs'].flatMap((folder) => text(folder).match(/\bW-\d\d\b/g) ?? []),
  );
  expect([...named].filter((id) => !ids.includes(id))).toEqual([]);
  for (const { id, scenarios } of windows) {
    for (const scenario of scenarios.filter((name) => name < 'SC-16')) {
      const name = scenario.toLowerCase();
      const own = [`models/${name}.ts`, `docs/scenarios/${name}.md`]
        .map((file) => readFileSync(file, 'utf8'))
        .join('\n');
      expect(own, `${id} in ${scenario}`).toContain(id);
    }
  }
});
