import { createHash } from 'node:crypto';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TraceError, decodeTrace, encodeTrace, limits } from '../../src/report/index.js';
import { storedRace } from './example.js';

const trace = storedRace();
const file = encodeTrace(trace);

/** A file with a right checksum around any payload: what somebody who wants to harm would send. */
function signed(payload: unknown): Uint8Array {
  const bytes = encode(payload, { maxDepth: 1000 });
  return encode({
    format: 'ringfence-trace',
    version: 2,
    sha256: createHash('sha256').update(bytes).digest(),
    payload: bytes,
  });
}

it('gives back what was written', () => {
  expect(decodeTrace(file)).toEqual(trace);
});

it('refuses a change of any byte', () => {
  for (let i = 0; i < file.length; i++) {
    const damaged = Uint8Array.from(file);
    damaged[i] ^= 1 << (i % 8);
    expect(() => decodeTrace(damaged), `byte ${i}`).toThrow(TraceError);
  }
});

it('refuses a file that was cut anywhere, or has more behind it', () => {
  for (let length = 0; length < file.length; length++) {
    expect(() => decodeTrace(file.subarray(0, length)), `${length} bytes`).toThrow(TraceError);
  }
  expect(() => decodeTrace(Buffer.concat([file, Buffer.of(0)]))).toThrow(TraceError);
});

it('refuses any other bytes, and never throws anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => decodeTrace(bytes)).toThrow(TraceError);
    }),
  );
});

it('says what is wrong', () => {
  expect(() => decodeTrace(new Uint8Array())).toThrow('it is empty');
  expect(() => decodeTrace(encode({ hello: 1 }))).toThrow('not a ringfence trace');
  expect(() => decodeTrace(file.subarray(0, 200))).toThrow('cut short');
  const newer = encode({
    format: 'ringfence-trace',
    version: 3,
    sha256: new Uint8Array(32),
    payload: new Uint8Array(0),
  });
  expect(() => decodeTrace(newer)).toThrow('version 3');
});

it.each<[string, unknown, string]>([
  ['no object', 5, 'trace is not an object'],
  ['a missing field', { ...trace, steps: undefined }, 'trace.steps is not a list'],
  ['an unknown field', { ...trace, more: 1 }, 'unknown field "more"'],
  ['a number for a text', { ...trace, model: 1 }, 'trace.model is not a text'],
  ['a text beyond its limit', { ...trace, title: 'x'.repeat(limits.text + 1) }, 'trace.title'],
  [
    'a variable that is not there',
    { ...trace, steps: [{ ...trace.steps[0], writes: [{ variable: 99, value: { encoded: 0, printed: '' } }] }] },
    'names a variable',
  ],
  ['too few initial values', { ...trace, initial: [] }, 'trace.initial'],
  ['a date', { ...trace, model: new Date(0) }, 'corrupt'],
])('refuses %s, although the checksum is right', (_, payload, words) => {
  expect(() => decodeTrace(signed(payload))).toThrow(words);
});

it('refuses values nested without end, and prototypes', () => {
  let deep: unknown = 0;
  for (let i = 0; i < 200; i++) deep = [deep];
  const initial = trace.initial.map((value, i) => (i === 0 ? { ...value, encoded: deep } : value));
  expect(() => decodeTrace(signed({ ...trace, initial }))).toThrow('nested too deeply');
  const evil = JSON.parse('{"__proto__": "x"}') as object;
  expect(() => decodeTrace(signed({ ...trace, guilty: evil }))).toThrow(TraceError);
  expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
});

it('does not write what it would not read', () => {
  const title = 'x'.repeat(limits.text + 1);
  expect(() => encodeTrace({ ...trace, title })).toThrow("can't be stored");
});
