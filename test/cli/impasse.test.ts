/** Why nothing leads on, as a user sees it: in text, as data, in the file; the same for any number of workers. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { built, ringfence } from './run.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-impasse-'));
beforeAll(built);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Checked {
  readonly properties: readonly {
    readonly impasse?: Record<string, unknown> & { variables: Record<string, string> };
  }[];
}

it('says why no boot can succeed any more in SC-16', () => {
  const check = ['check', 'SC-16', '--property', 'V-4', '--out'];
  const text = ringfence(folder, ...check, 'one', '--workers', '1');
  expect(text.code).toBe(0);
  expect(text.stdout).toMatch(/ {2}refuses {2}root0 and root1: stop\/.*guard is-RUNNING refuses .*since rproc->state\[rproc0\] stays OFFLINE; did is-RUNNING let it pass, the goal could be reached/); // prettier-ignore
  expect(text.stdout).toMatch(/ {2}refuses .*LOAD_FW\/TA\/load always ends with BAD_STATE: .*since TA state\[rproc0\] stays STARTED\n/); // prettier-ignore
  const json = ringfence(folder, ...check, 'two', '--workers', '2', '--json');
  const { impasse } = (JSON.parse(json.stdout) as Checked).properties[0];
  expect(impasse).toMatchObject({ states: 315, cut: false, refusals: [{ guard: 'is-RUNNING', enough: true }, { enough: false }, { enough: false }] }); // prettier-ignore
  expect(Object.values(impasse!.variables)).toContain('TA state[rproc0]');
  const [one, two] = ['one', 'two'].map((name) => readFileSync(path.join(folder, name, 'SC-16-V-4.trace')));
  expect(one.equals(two)).toBe(true);
  expect(ringfence(folder, 'show', path.join('one', 'SC-16-V-4.trace')).stdout).toContain(
    'What stands in the way: root0 and root1: stop/rproc_shutdown/rproc->lock/power-- always ends with -EINVAL',
  );
});
