/** What stands in the way: stored, read back, refused where it lies, and printed. */
import { encode } from '@msgpack/msgpack';
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  decodeTrace,
  encodeTrace,
  plainText,
  storyOf,
  traceLines,
  type StoredImpasse,
} from '../../src/report/index.js';
import { storedRace } from './example.js';

const ring = { variable: 0, values: ['⟨⟩', '⟨driver0⟩'], stays: false, holders: [] };
const lock = { variable: 1, values: ['held'], stays: true, holders: ['driver1'] };
const frame = { variable: 2, values: ['idle'], stays: true, holders: [] };
const refusal = (guard: string, enough: boolean | null): StoredImpasse['refusals'][number] => ({
  ...{ guard, doc: `it is ${guard}`, steps: ['submit/look'], processes: ['driver0'], labels: ['-EBUSY'] },
  ...{ reads: [ring], enough },
});
const impasse: StoredImpasse = {
  states: 1234,
  cut: false,
  ends: 2,
  goal: [ring, frame],
  refusals: [refusal('a', true), refusal('b', false), refusal('c', null), refusal('d', false), refusal('e', false)],
  waits: [{ process: 'driver0', steps: ['submit/lock/put'], at: 'program', reads: [frame, lock] }],
  aside: [],
  choices: [],
};
const trace = { ...storedRace(), impasse };
const lines = (own: StoredImpasse, verbose = false): string[] => {
  const detail = verbose ? { verbose: { guardsOf: () => [] } } : {};
  const text = plainText(traceLines({ ...trace, impasse: own }, detail)).split('\n');
  return text.slice(text.findIndex((line) => line.startsWith('✗')) + 1).filter((line) => !/^ {2}(must be|because)/.test(line)); // prettier-ignore
};

it('prints the reasons that say most, and with --verbose all', () => {
  const a = '  refuses  driver0: submit/look always ends with -EBUSY: guard a refuses (it is a), since ring is then ⟨⟩ or ⟨driver0⟩; did a let it pass, the goal could be reached'; // prettier-ignore
  const put = '  waits    driver0 waits for ever at submit/lock/put: ring_lock stays held by driver1';
  const behind = '  behind   1,234 states can follow, none with the goal; in 2 of them nothing moves any more';
  const other = (guard: string) => `  refuses  driver0: submit/look always ends with -EBUSY: guard ${guard} refuses (it is ${guard}), since ring is then ⟨⟩ or ⟨driver0⟩`; // prettier-ignore
  const short = [behind, a, put, other('b'), other('c'), other('d')];
  expect(lines(impasse)).toEqual([...short, '           1 more reason: see "show --verbose"']);
  expect(lines(impasse, true)).toEqual([...short, other('e')]);
});

it('says only how many states there are where they are too many', () => {
  const cut = { ...impasse, cut: true, goal: [], refusals: [], waits: [] };
  expect(lines(cut)).toEqual([
    '  behind   more than 1,234 states can follow, none with the goal: too many to say what they have in common',
  ]);
});

it('tells it in the story', () => {
  expect(storyOf(trace).join(' ')).toContain('What stands in the way: driver0: submit/look always ends with -EBUSY');
});

it('is kept in the file, and a trace without it is stored as before there was any', () => {
  expect(decodeTrace(encodeTrace(trace))).toEqual(trace);
  const plain = storedRace();
  expect(Object.hasOwn(plain, 'impasse')).toBe(false);
  expect(Object.hasOwn(decodeTrace(encodeTrace(plain)), 'impasse')).toBe(false);
});

it.each<[string, unknown, string]>([
  ['a variable that is not there', { ...impasse, goal: [{ ...ring, variable: 99 }] }, 'names a variable'],
  ['a step that is not there', { ...impasse, choices: [{ step: 5, process: 'p', action: 'a', why: 'may' }] }, 'names a step'], // prettier-ignore
  ['step 0', { ...impasse, choices: [{ step: 0, process: 'p', action: 'a', why: 'may' }] }, 'names a step'],
  ['no number of states', { ...impasse, states: '3' }, 'trace.impasse.states is not a whole number'],
  ['no truth', { ...impasse, cut: 1 }, 'trace.impasse.cut is not true or false'],
  ['an unknown field', { ...impasse, more: 1 }, 'unknown field "more"'],
  ['null', null, 'trace.impasse is not an object'],
])('refuses %s', (_, wrong, words) => {
  const payload = encode({ ...trace, impasse: wrong });
  const sha256 = createHash('sha256').update(payload).digest();
  expect(() => decodeTrace(encode({ format: 'ringfence-trace', version: 2, sha256, payload }))).toThrow(words);
});
