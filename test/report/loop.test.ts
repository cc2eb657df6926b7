/** Counterexamples with a loop: stored, printed, replayed; and files that lie about theirs. */
import { encode } from '@msgpack/msgpack';
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { block, build, describe as parts, model, next, range, rule, type Model } from '../../src/index.js';
import { search } from '../../src/explorer/index.js';
import {
  decodeTrace,
  encodeTrace,
  guardFinder,
  plainText,
  recordTrace,
  replayTrace,
  traceLines,
  type StoredTrace,
} from '../../src/report/index.js';
import { storedRace } from './example.js';

/** A clock that goes round for ever, or stops, and never strikes. */
const clock = (round: boolean): Model =>
  model({
    name: 'clock',
    title: 'a clock',
    scope: {},
    build(m) {
      const hand = m.variable('hand', range(0, 3), 0);
      const move = (name: string, from: number, to: number) =>
        rule(name, { writes: () => ({ hand }), run: (s) => (s.hand === from ? next({ hand: to }) : block) });
      m.hardware('clock', [move('tick', 0, 1), round ? move('tock', 1, 0) : move('stop', 1, 2)]);
      m.leadsTo('strikes', { text: 'it strikes in the end', reads: () => ({ hand }), holds: (s) => s.hand === 3 });
    },
  });

async function stored(round: boolean): Promise<StoredTrace> {
  const own = clock(round);
  const machine = build(own);
  const { trace } = (await search(machine)).properties[0];
  const setting = { tool: 'test', model: own, file: '', place: () => '', guard: guardFinder(machine, parts(own)) };
  return recordTrace(machine, trace!, setting);
}

it('prints where the loop starts, and what is repeated', async () => {
  const round = plainText(traceLines(await stored(true)));
  expect(round).toBe(
    [
      '   0  initial state',
      '      the loop starts here: steps 1 to 2 again and again',
      '   1  clock  clock/tick',
      '               hand  0 → 1',
      '   2  clock  clock/tock',
      '               hand  1 → 0',
      '',
      '✗ strikes is violated after 2 steps: steps 1 to 2 again and again',
      '  must be  it strikes in the end',
      '  because  asked for in the initial state, and never there',
    ].join('\n'),
  );
  const stays = plainText(traceLines(await stored(false)));
  expect(stays).toContain('\n      nothing more has to happen: it may stay like this for ever\n');
});

it('reads back what it wrote, and files from before there were loops', async () => {
  const trace = await stored(true);
  expect(trace.loop).toBe(0);
  expect(decodeTrace(encodeTrace(trace))).toEqual(trace);
  const { loop: _, ...old } = storedRace();
  expect(decodeTrace(signed(old))).toEqual({ ...old, loop: null });
});

it.each<[string, unknown, string]>([
  ['a loop that does not close', 1, 'does not come back'],
  ['a loop beyond the steps', 3, 'not one of its 2 steps'],
  ['no number', '0', 'trace.loop is not a whole number'],
  ['a negative number', -1, 'trace.loop is not a whole number'],
  ['a fraction', 0.5, 'trace.loop is not a whole number'],
])('refuses %s', async (_, loop, words) => {
  const trace = await stored(true);
  expect(() => decodeTrace(signed({ ...trace, loop }))).toThrow(words);
});

it('replays a loop: still fair, no longer fair, or no longer without the goal', async () => {
  const [round, stays] = [await stored(true), await stored(false)];
  const machine = build(clock(true));
  expect(replayTrace(machine, round)).toMatchObject({ standing: { kind: 'violated' } });
  expect(replayTrace(machine, { ...round, loop: null })).toMatchObject({ standing: { kind: 'undecided' } });
  const early = { ...round, loop: 2 };
  expect(replayTrace(machine, early)).toMatchObject({
    standing: {
      kind: 'gone',
      because: 'the loop is no fair run: clock could take clock/tick all the time, and never does',
    },
  });
  expect(replayTrace(build(clock(false)), round)).toMatchObject({ kind: 'deviates', step: 2 });
  expect(replayTrace(build(clock(false)), stays)).toMatchObject({ standing: { kind: 'violated' } });
});

/** A file with a right checksum around any payload. */
function signed(payload: unknown): Uint8Array {
  const bytes = encode(payload, { maxDepth: 1000 });
  const sha256 = createHash('sha256').update(bytes).digest();
  return encode({ format: 'ringfence-trace', version: 2, sha256, payload: bytes });
}
