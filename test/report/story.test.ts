import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { decodeTrace, plainText, storyOf, traceLines, type StoredTrace } from '../../src/report/index.js';
import { deed } from '../../src/report/words.js';
import { History, segmentsOf } from '../../src/report/segments.js';
import { race, storedRace } from './example.js';

const published = readdirSync('results').filter((name) => name.endsWith('.trace'));
const read = (name: string): StoredTrace => decodeTrace(readFileSync(`results/${name}`));

it('tells a race: who comes in between, and what is wrong at the end', () => {
  expect(storyOf(storedRace())).toEqual([
    'driver0 starts submit.',
    'Before driver0 puts, driver1 starts submit.',
    'Before driver1 puts, driver0 goes on with submit: it puts (ring becomes ⟨driver0⟩), and returns.',
    'driver1 goes on with submit: it puts (ring becomes ⟨driver0, driver1⟩), and returns.',
    'Now 2 requests are in it.',
    'That breaks no-overflow: the ring never holds more than it has entries.',
  ]);
});

it('is brief where the rest is printed beside it, and says so if nothing has to happen', () => {
  expect(storyOf(storedRace(), { brief: true }).at(-1)).toBe('driver1 goes on with submit.');
  expect(storyOf({ ...storedRace(), steps: [] })[0]).toBe('Nothing has to happen: it is so at the start.');
});

it('names edits, and guards that refuse or would', () => {
  const passed = storedRace(['pass has-room'], [race[0], ['driver0', 'submit/lock/put'], ['driver1', 'submit/look']]);
  expect(storyOf(passed).join(' ')).toContain('The program is another one here: pass submit/look/has-room.');
  expect(storyOf(passed).join(' ')).toContain('has-room (the ring is not full), which would refuse, is out of action');
  const refused = storedRace([], [race[0], ['driver0', 'submit/lock/put'], ['driver1', 'submit/look', '-ENOSPC']]);
  expect(storyOf(refused).join(' ')).toContain(
    'but the guard has-room refuses (the ring is not full), and returns -ENOSPC',
  );
});

it('makes sentences of labels', () => {
  expect(
    ['a/wait-for-CMD_SYNC,-or-give-up', 'a/ref++', 'a/refs--', 'a/copy', 'a/list_add', 'a/map-or-unmap~x'].map(deed),
  ).toEqual([
    'waits for CMD_SYNC, or gives up',
    'increments ref',
    'decrements refs',
    'copies',
    'calls list_add',
    'maps or unmaps',
  ]);
  expect(deed('a/first-iova')).toBe('does “first iova”');
});

it.each(published)('tells %s in order, with its end', (name) => {
  const trace = read(name);
  const story = storyOf(trace);
  expect(story.at(-1)).toContain(`That breaks ${trace.property.id}`);
  // Every actor of the trace has a part in it.
  for (const { process } of trace.steps) expect(story.join(' ')).toContain(process);
  // No sentence twice in a row, none without an end.
  story.forEach((text, i) => {
    expect(text).toMatch(/[.!?]$/);
    expect(text).not.toBe(story[i - 1]);
  });
});

it.each(published)('adds up the changes of %s exactly', (name) => {
  const trace = read(name);
  const segments = segmentsOf(trace);
  expect(segments.flatMap(({ steps }) => steps)).toEqual(trace.steps);
  const history = new History(trace);
  const changed = new Set(history.net(1, trace.steps.length).map(({ variable }) => variable));
  trace.variables.forEach(({ kind }, i) => {
    const same = history.at(i, 0) === history.at(i, trace.steps.length);
    if (kind !== 'frame') expect(changed.has(i)).toBe(!same);
  });
});

it('folds the steps of a call, and numbers them', () => {
  const text = plainText(traceLines(read('SC-01-upstream-I-7.trace'), { compact: true }));
  expect(text).toContain('    1-5  cpu0   map_pages(domain0, page0, iova0)  handle_to_domain … install-PTE');
  expect(text).toMatch(/\n {18}ref\[page0\] +0 → 1\n {18}table\[domain0\]\[iova0\] +ZERO → V\(page0\)\n {18}returns\n/);
  expect(text).not.toContain('  2  cpu0');
});

it('a whole and its part are told as the whole', () => {
  const trace = storedRace();
  const ring = trace.variables.findIndex(({ name }) => name === 'ring');
  const change = (path: string, before: string, after: string) => ({ variable: ring, path, before, after });
  const parts = [[], [], [change('', '⟨⟩', '⟨driver0⟩')], [change('[0]', 'driver0', 'driver1')]];
  const steps = trace.steps.map((step, i) => ({ ...step, changes: parts[i] }));
  const history = new History({ ...trace, steps });
  expect(history.net(1, 4)).toEqual([change('', '⟨⟩', '⟨driver0, driver1⟩')]);
  expect(history.net(4, 4)).toEqual([change('[0]', 'driver0', 'driver1')]);
});

it('a story as long as an epic is cut in the middle', () => {
  const trace = storedRace();
  const steps = Array.from({ length: 1000 }, (_, i) => ({ ...trace.steps[0], process: `p${i}`, next: 'idle' }));
  const story = storyOf({ ...trace, steps });
  expect(story.length).toBeLessThan(70);
  expect(story.join(' ')).toContain('(940 more calls are left out here.)');
});
