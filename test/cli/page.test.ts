/** `show --html` and `--open` as a user runs them. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encode } from '@msgpack/msgpack';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openInBrowser } from '../../src/cli/browser.js';
import { encodeTrace } from '../../src/report/index.js';
import { storedRace } from '../report/example.js';
import { built, ringfence } from './run.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-html-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  await built();
  writeFileSync(path.join(folder, 'race.trace'), encodeTrace(storedRace()));
});

it('writes one page that holds all it needs', () => {
  const { code, stdout, stderr } = ringfence(folder, 'show', 'race.trace', '--html', 'race.html');
  expect(code).toBe(0);
  expect(stdout).toBe('');
  expect(stderr).toContain('the page is race.html');
  const html = readFileSync(path.join(folder, 'race.html'), 'utf8');
  expect(html).toContain("default-src 'none'");
  expect(html).not.toMatch(/\b(?:src|href)=/);
  expect(html).toContain('npx ringfence replay race.trace');
});

it('says what the variables of a built-in model are, and of what it is a variant', () => {
  const trace = path.resolve(import.meta.dirname, '../../results/SC-01-upstream-I-1.trace');
  expect(ringfence(folder, 'show', trace, '--html', 'sc.html').code).toBe(0);
  const html = readFileSync(path.join(folder, 'sc.html'), 'utf8');
  expect(html).toContain('"about":"SC-01: ');
  expect(html).toMatch(/"name":"ref\[page0\]","kind":"shared","doc":"the hypervisor’s refcount/);
  expect(html.length).toBeLessThan(500_000);
});

it.each<[string, string[], string]>([
  [
    'a folder that there is not',
    ['race.trace', '--html', 'none/race.html'],
    "page none/race.html can't be written: ENOENT",
  ],
  ['a folder', ['race.trace', '--html', 'folder'], "page folder can't be written: "],
  ['no trace', ['race.html', '--html', 'x.html'], 'race.html is refused: it is corrupt'],
  [
    'a trace of another version',
    ['old.trace', '--html', 'x.html'],
    'it has version 1, and this ringfence reads version 2',
  ],
  ['nothing to open', ['race.trace', '--open'], '--open opens a page: say with --html FILE where it is written'],
])('refuses %s, and leaves nothing behind', (_, args, words) => {
  mkdirSync(path.join(folder, 'folder'), { recursive: true });
  const [sha256, payload] = [new Uint8Array(32), new Uint8Array(1)];
  writeFileSync(path.join(folder, 'old.trace'), encode({ format: 'ringfence-trace', version: 1, sha256, payload }));
  const before = readdirSync(folder);
  const { code, stderr } = ringfence(folder, 'show', ...args);
  expect(code).toBe(2);
  expect(stderr).toContain(words);
  expect(readdirSync(folder)).toEqual(before);
});

it('says that no browser came, and what is kept', async () => {
  const terminal = (BROWSER: string) => ({
    stdout: { write: () => true },
    stderr: { write: () => true },
    env: { BROWSER },
    cwd: folder,
  });
  await expect(openInBrowser('file:///x', terminal('/no/such/browser'), 'kept')).rejects.toThrow(/ENOENT.*kept/s);
  await expect(openInBrowser('file:///x', terminal('false'), 'kept')).rejects.toThrow('false ended with 1');
  await expect(openInBrowser('file:///x', terminal('true'), 'kept')).resolves.toBeUndefined();
});
