import { flag, int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  doneMeansSynced,
  errorsCanBeCleared,
  errorStops,
  everyInvalidationCanReturn,
  prodIsConsistent,
  syncsCanComplete,
  waitsNeverPanic,
} from '../src/invariants/index.js';
import { commandQueue, queueProducers } from '../src/spec/index.js';
import type { Builder } from '../src/index.js';

const scope = (aborts: boolean, warn: boolean) => ({
  cpus: int(2, 1, 3, 'CPUs that push batches'),
  entries: int(4, 2, 4, 'entries of the ring, N'),
  batch: int(2, 1, 3, 'commands before a CMD_SYNC, at most'),
  domains: int(1, 1, 2, 'domains that a TLBI may name'),
  sids: int(1, 0, 2, 'streams that a CFGI may name'),
  aborts: flag(aborts, 'the fetch of a command may be aborted, now and then'),
  acks: flag(true, 'the host acknowledges command errors'),
  laps: flag(false, 'entries keep what they held one lap earlier: to be seen where a barrier is missing'),
  warn: flag(warn, 'a wait that takes too long is a WARN_ON: EL2 panics'),
});

export type Scope = ScopeOf<ReturnType<typeof scope>>;

export function declare(m: Builder, sizes: Scope, filters: boolean): void {
  const hw = commandQueue(m, sizes);
  const producers = queueProducers(m, hw, { ...sizes, filters });
  const system = { hw, producers };
  prodIsConsistent(m, system); // P-3
  doneMeansSynced(m, system); // P-5
  errorStops(m, system); // P-11
  syncsCanComplete(m, system); // V-2
  errorsCanBeCleared(m, system, sizes.acks); // V-6
  if (sizes.warn) waitsNeverPanic(m, system); // P-14
  everyInvalidationCanReturn(m, system); // wedge
}

const violated: Expected = 'violated';

const sc05 = model({
  name: 'SC-05',
  title: 'command queue stress: done means done, and an error stop is only a delay',
  scope: scope(true, false),
  build: (m, sizes) => declare(m, sizes, true),
});

const sc05Forwards = model({
  name: 'SC-05/forwards-unknown-opcodes',
  title: 'the same, and EL2 copies any command of the host into the queue that it uses itself (D-30)',
  scope: scope(false, true),
  build: (m, sizes) => declare(m, sizes, false),
  expected: ({ warn }): Record<string, Expected> => ({ 'V-6': violated, ...(warn ? { 'P-14': violated } : {}) }),
});

export default [sc05, sc05Forwards];
