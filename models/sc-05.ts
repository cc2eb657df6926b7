/**
 * SC-05, command queue stress: EL2 "pushes commands to the SMMU" (S3:167).
 *
 * CPUs push batches of TLBI and CFGI commands and then a CMD_SYNC under the SMMU's lock, and wait for it: EL2's own, and
 * commands of a hostile host that EL2 copies into the same queue. The queue is the real one: PROD and CONS with a wrap
 * bit, entries in memory, the error stop, GERRORN. Only the fetch of an entry goes wrong by itself (CERROR_ABT), and then
 * a wait may time out. Components: B7 (command queue only), B8 (commands, SYNC, wait), of B6 the copy of host commands.
 * Windows: W-06 (entry written … PROD written), W-07 (PROD written … wait). Defects: D-30, D-31, and a missing barrier.
 * D-32 (CR0ACK) is not here: this queue is enabled from the start, and CR0 belongs to SC-06.
 *
 * - SC-05: of the host's commands EL2 copies only those with an opcode that it knows. Expected: all hold, as long as
 *   somebody acknowledges errors (`acks`, else V-6 is violated) and a wait that takes too long is no WARN_ON (`warn`, else
 *   an aborted fetch violates P-14).
 * - SC-05/forwards-unknown-opcodes: EL2 copies any (D-30). Expected: V-6 is violated, and P-14 where a timeout panics.
 *
 * Nightly: `cpus=3`, and `entries=3,batch=1,laps=true`.
 */
import { flag, int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  doneMeansSynced,
  errorsAreCleared,
  errorStops,
  everyInvalidationReturns,
  prodIsConsistent,
  syncsComplete,
  waitsNeverPanic,
} from '../src/invariants/index.js';
import { commandQueue, queueProducers } from '../src/spec/index.js';
import type { Builder } from '../src/index.js';
import type { Defect } from './defect.js';

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

type Scope = ScopeOf<ReturnType<typeof scope>>;

function declare(m: Builder, sizes: Scope, filters: boolean): void {
  m.assume('TIMEOUT', 'a wait for the queue takes too long only if the queue has stopped at an error');
  m.assume('IHI-0070-4.7', 'a completed CMD_SYNC means that all earlier commands of the queue are complete');
  if (sizes.aborts) m.assume('ABT', 'a fetch that is tried again and again is not aborted each time');
  if (sizes.acks) m.assume('GERRORN', 'the host acknowledges errors in the end: it is trusted for liveness only');
  m.assume('nVHE', 'an EL2 handler runs to completion on its CPU: one hypercall at a time per CPU (rule 2)');

  const hw = commandQueue(m, sizes);
  const producers = queueProducers(m, hw, { ...sizes, filters });
  const system = { hw, producers };
  prodIsConsistent(m, system); // P-3
  doneMeansSynced(m, system); // P-5
  errorStops(m, system); // P-11
  syncsComplete(m, system, sizes.acks); // V-2
  errorsAreCleared(m, system); // V-6
  if (sizes.warn) waitsNeverPanic(m, system); // P-14
  everyInvalidationReturns(m, system); // V-1, wedge
}

const violated: Expected = 'violated';

const sc05 = model({
  name: 'SC-05',
  title: 'command queue stress: done means done, and an error stop is only a delay',
  scope: scope(true, false),
  build: (m, sizes) => declare(m, sizes, true),
  expected: ({ aborts, acks, warn }): Record<string, Expected> => ({
    ...(aborts && !acks ? { 'V-6': violated } : {}),
    ...(aborts && warn ? { 'P-14': violated } : {}),
  }),
});

const sc05Forwards = model({
  name: 'SC-05/forwards-unknown-opcodes',
  title: 'the same, and EL2 copies any command of the host into the queue that it uses itself (D-30)',
  scope: scope(false, true),
  build: (m, sizes) => declare(m, sizes, false),
  expected: ({ warn }): Record<string, Expected> => ({ 'V-6': violated, ...(warn ? { 'P-14': violated } : {}) }),
});

const everywhere = (...steps: readonly string[]): string[] => steps.map((step) => `pass */${step}`);
const legalOnly = { entries: 2, batch: 1, aborts: false, warn: true };

export const defects: readonly Defect[] = [
  {
    id: 'D-30',
    what: 'the first trap-and-emulate design copies unknown opcodes into the queue',
    model: 'SC-05/forwards-unknown-opcodes',
    edits: [],
    violates: { 'V-6': 12, 'P-14': 10 },
    brief: ['V-6', 'P-14'],
    macro: { here: 2, brief: 2, of: 'P-14' },
    note: 'The host’s own command panics EL2: no other TLBI is needed. Acknowledging does not help, the entry stays illegal.',
  },
  {
    id: 'D-30',
    what: 'the filter of opcodes is removed',
    model: 'SC-05',
    scope: legalOnly,
    edits: ['pass host_cmdq/opcode-is-known'],
    violates: { 'V-6': 12, 'P-14': 10 },
    brief: ['V-6', 'P-14'],
    macro: { here: 2, brief: 2, of: 'P-14' },
  },
  {
    id: 'D-30',
    what: 'the filter of opcodes is removed, and waits have no time limit',
    model: 'SC-05',
    scope: { ...legalOnly, warn: false },
    edits: ['pass host_cmdq/opcode-is-known', 'pass */in-time'],
    violates: { wedge: 1, 'V-1': 11, 'V-6': 11 },
    brief: ['V-6', 'P-14'],
    note: 'Without a time limit EL2 hangs instead of panicking: so P-14 is not declared, and V-1 and wedge are violated.',
  },
  {
    id: 'D-31',
    what: 'the check that the ring is full is removed',
    model: 'SC-05',
    scope: { cpus: 1, entries: 2 },
    edits: everywhere(
      'write-command/queue-has-room',
      'write-command/in-time',
      'write-CMD_SYNC/queue-has-room',
      'write-CMD_SYNC/in-time',
    ),
    violates: { 'P-3': 10, 'P-5': 17, 'P-11': 17, 'V-2': 18, 'V-6': 16 },
    brief: ['P-3'],
    macro: { here: 1, brief: 1 },
    note: 'Two commands and a CMD_SYNC do not fit into a ring of two. Behind the inconsistent PROD, entries that nobody has read are overwritten.',
  },
  {
    id: 'W-06',
    what: 'no barrier between the entry and PROD',
    model: 'SC-05',
    scope: { entries: 2, batch: 1, aborts: false, laps: true },
    edits: ['drop */barrier-for-command', 'drop */barrier-for-CMD_SYNC'],
    violates: { 'P-5': 16, 'V-2': 23 },
    brief: [],
    note: 'Not in the brief’s catalogue. The SMMU consumes what the entry held one lap earlier, and EL2 reports done.',
  },
  {
    id: 'B7-4',
    what: 'no CMD_SYNC',
    model: 'SC-05',
    scope: { entries: 2 },
    edits: ['drop */write-CMD_SYNC', 'drop */barrier-for-CMD_SYNC', 'drop */ring-for-CMD_SYNC'],
    violates: { 'P-5': 6 },
    brief: [],
  },
  {
    id: 'B7-5',
    what: 'no wait for the CMD_SYNC',
    model: 'SC-05',
    scope: { entries: 2 },
    edits: ['pass */wait-for-CMD_SYNC/queue-is-empty'],
    violates: { 'P-5': 8, 'P-11': 10 },
    brief: [],
  },
  {
    id: 'q.ring',
    what: 'PROD is not moved over the CMD_SYNC',
    model: 'SC-05',
    scope: { entries: 2 },
    edits: ['drop */ring-for-CMD_SYNC'],
    violates: { 'V-2': 8, 'P-5': 8 },
    brief: [],
  },
  {
    id: 'B7-6',
    what: 'the SMMU goes on consuming behind an error',
    model: 'SC-05',
    scope: { entries: 2 },
    edits: ['pass smmu/consume-command/queue-is-not-stopped'],
    violates: { 'P-11': 6 },
    brief: [],
  },
  {
    id: 'smmu_lock',
    what: 'producers take no lock',
    model: 'SC-05',
    scope: { entries: 2, batch: 1, sids: 0, aborts: false, acks: false },
    edits: ['unlock */smmu_lock'],
    violates: { 'V-2': 35, 'V-6': 15, 'P-3': 11, 'P-5': 12 },
    brief: [],
  },
];

export default [sc05, sc05Forwards];
