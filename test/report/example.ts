/** A small model with a race, its trace found by hand, for tests of reports. */
import {
  block,
  fail,
  handler,
  index,
  int,
  list,
  model,
  next,
  rule,
  build,
  describe as parts,
  type Machine,
  type Model,
} from '../../src/index.js';
import { execute } from '../../src/explorer/execute.js';
import type { Trace, TraceStep } from '../../src/explorer/result.js';
import { guardFinder, recordTrace, type StoredTrace } from '../../src/report/index.js';

/** Drivers that look for room before they take the lock. */
export const mailbox: Model = model({
  name: 'mailbox',
  title: 'drivers put requests into a ring',
  scope: { drivers: int(2, 1, 4, 'drivers'), size: int(1, 1, 4, 'entries') },
  build(m, scope) {
    const driver = index('driver', scope.drivers);
    const Ring = list(driver, scope.size + 1);
    const ring = m.variable('ring', Ring, Ring.make());
    const lock = m.lock('ring_lock', { protects: [ring] });
    for (const me of driver.values) {
      const submit = handler('submit', {}, (h) => [
        h.step('look', {
          fn: 'ring_has_room',
          reads: () => ({ ring }),
          guards: [
            {
              id: 'has-room',
              doc: 'the ring is not full',
              test: (s) => s.ring.size < scope.size,
              else: fail('ENOSPC'),
            },
          ],
        }),
        h.locked('lock', () => lock, [
          h.step('put', { writes: () => ({ ring }), run: (s) => next({ ring: s.ring.push(me) }).emit('put', { me }) }),
        ]),
      ]);
      m.process(`driver${me}`, [submit]);
    }
    m.hardware('device', [
      rule('take', {
        writes: () => ({ ring }),
        run: (s) => (s.ring.isEmpty() ? block : next({ ring: s.ring.shift() })),
      }),
    ]);
    m.invariant('no-overflow', {
      text: 'the ring never holds more than it has entries',
      reads: () => ({ ring }),
      holds: (s) => s.ring.size <= scope.size,
      because: (s) => `${s.ring.size} requests are in it`,
    });
    m.wedgeFree('no-wedge', { text: 'every driver gets back to idle' });
  },
});

/** Follows the first offers that match `[process, action]`. */
export function follow(machine: Machine, moves: readonly (readonly [string, string, string?])[]): TraceStep[] {
  let state = machine.initialStates[0];
  return moves.map(([process, action, label = '']) => {
    const offer = execute(machine, state).offers.find(
      (one) => one.process === process && one.action === action && one.outcome.label === label,
    );
    if (!offer) throw new Error(`${process} can't take ${action}`);
    state = offer.state;
    return { process, action, label, emits: offer.outcome.emits, state };
  });
}

/** Both drivers see room, both put. */
export const race = [
  ['driver0', 'submit/look'],
  ['driver1', 'submit/look'],
  ['driver0', 'submit/lock/put'],
  ['driver1', 'submit/lock/put'],
] as const;

/** The race as the explorer would report it. */
export function raceTrace(machine: Machine, moves: readonly (readonly [string, string, string?])[] = race): Trace {
  return {
    property: 'no-overflow',
    kind: 'invariant',
    because: '2 requests are in it',
    guilty: {},
    initial: machine.initialStates[0],
    steps: follow(machine, moves),
  };
}

/** The race as it is stored. */
export function storedRace(
  edits: readonly string[] = [],
  moves?: readonly (readonly [string, string, string?])[],
): StoredTrace {
  const machine = build(mailbox, { edits });
  const guard = guardFinder(machine, parts(mailbox));
  return recordTrace(machine, raceTrace(machine, moves), {
    tool: 'test',
    model: mailbox,
    file: '',
    place: (at) => at.replace(/^.*\//, ''),
    guard,
  });
}
