/** The command queue in detail (domain brief, section d): registers, error stop, and what "done" may mean. */
import { record, set, union, unit, type Builder, type Seen } from '../language/index.js';
import type { CommandQueueHw, QueueCommand, QueueProducers } from '../spec/index.js';

/** The components that these properties look at. */
export interface QueueSystem {
  readonly hw: CommandQueueHw;
  readonly producers: QueueProducers;
}

type Cpu = QueueProducers['cpu']['values'][number];

/** P-3, with real registers. CMDQ_BASE is written once, before the SMMU is enabled, and no step here writes it. */
export function prodIsConsistent(m: Builder, { hw }: QueueSystem): void {
  m.invariant('P-3', {
    text: 'PROD is never more than N ahead of CONS.',
    source: '§3.5',
    reads: () => ({ prod: hw.prod, cons: hw.cons }),
    when: (q) => q.prod !== q.cons.rd,
    holds: (q) => hw.ahead(q.prod, q.cons.rd) <= hw.entries,
    because: (q) => `PROD is ${hw.ahead(q.prod, q.cons.rd)} ahead of CONS, and the queue has ${hw.entries} entries`,
  });
}

/**
 * P-5. A monitor follows what each CPU has been asked to invalidate: asked, then consumed as the very command, then
 * completed by a CMD_SYNC. Whose CMD_SYNC it is does not matter: one of another CPU is as good.
 */
export function doneMeansSynced(m: Builder, { hw, producers: { cpu } }: QueueSystem): void {
  const Commands = set(hw.Command);
  const none = Commands.make();
  const Open = record('Open', { asked: Commands, consumed: Commands });
  const nothing = Open.make({ asked: none, consumed: none });
  const open = m.family('open', [cpu], Open, nothing);
  m.explain(
    open,
    'no variable of the kernel: what this CPU has asked to invalidate, and what of that the SMMU has consumed with no CMD_SYNC since, for P-5',
  );
  type State = Seen<{ open: typeof open }>;
  const forget = ({ cpu: c }: { cpu: Cpu }, s: State) => ({ open: s.open.set(c, nothing) });
  const monitor = m.monitor('open invalidations', { open }, {
    'invalidation asked': ({ cpu: c, commands }: { cpu: Cpu; commands: readonly QueueCommand[] }, s: State) => ({
      open: s.open.set(c, Open.make({ asked: Commands.make(commands), consumed: none })),
    }),
    'command consumed': ({ command }: { command: QueueCommand }, s: State) => ({
      open: cpu.values.reduce((all, c) => {
        const { asked, consumed } = all.at(c);
        if (!asked.has(command)) return all;
        return all.set(c, Open.make({ asked: asked.delete(command), consumed: consumed.add(command) }));
      }, s.open),
    }),
    'CMD_SYNC completed': (_: object, s: State) => ({
      open: cpu.values.reduce((all, c) => all.set(c, all.at(c).set('consumed', none)), s.open),
    }),
    'invalidation given up': forget,
    'invalidation reported done': forget,
  }); // prettier-ignore

  m.transition('P-5', {
    text: 'Hypercall returns success only if its SYNC completed, behind each of its commands.',
    source: 'smmu_sync_cmd',
    monitors: [monitor],
    on: ['invalidation reported done'],
    reads: () => ({ open }),
    holds: (before, _after, _, step) => {
      const { asked, consumed } = before.open.at(caller(step));
      return asked.isEmpty() && consumed.isEmpty();
    },
    because: (before, _after, _, step) => {
      const { asked, consumed } = before.open.at(caller(step));
      const words = (some: Iterable<QueueCommand>): string => [...some].map((c) => hw.Command.print(c)).join(', ');
      return asked.isEmpty()
        ? `${words(consumed)}: consumed, and no CMD_SYNC has completed since`
        : `${words(asked)}: never consumed by the SMMU`;
    },
  });
}

const caller = (step: { emitted(name: string): Readonly<Record<string, unknown>> | undefined }): Cpu =>
  (step.emitted('invalidation reported done') as unknown as { cpu: Cpu }).cpu;

/** P-11. A monitor remembers where the queue stopped, and then that the entry there must be the next one fetched. */
export function errorStops(m: Builder, { hw }: QueueSystem): void {
  const Stop = union('Stop', { NONE: unit, STOPPED: hw.Pointer, ACKED: hw.Pointer });
  const stop = m.variable('stop', Stop, Stop.make.NONE());
  m.explain(
    stop,
    'no variable of the kernel: where the queue has stopped with an error, and whether that was acknowledged, for P-11',
  );
  type State = Seen<{ stop: typeof stop }>;
  interface At {
    readonly at: number;
  }
  const fetched = ({ at }: At, s: State) =>
    s.stop.tag === 'ACKED' && s.stop.value === at ? { stop: Stop.make.NONE() } : {};
  const monitor = m.monitor('error stop', { stop }, {
    CMDQ_ERR: ({ at }: At) => ({ stop: Stop.make.STOPPED(at) }),
    'GERRORN written': ({ at }: At) => ({ stop: Stop.make.ACKED(at) }),
    'command consumed': fetched,
    'CMD_SYNC completed': fetched,
  }); // prettier-ignore

  m.transition('P-11', {
    text: 'After CMDQ_ERR, no later command is reported complete before GERRORN ack and re-fetch.',
    source: '§7.1',
    monitors: [monitor],
    on: ['command consumed', 'CMD_SYNC completed', 'invalidation reported done'],
    reads: () => ({ stop }),
    when: (before) => before.stop.tag !== 'NONE',
    holds: (before, _after, _, step) => {
      const done = step.emitted('command consumed') ?? step.emitted('CMD_SYNC completed');
      return before.stop.tag === 'ACKED' && before.stop.value === done?.at;
    },
    because: (before) =>
      before.stop.tag === 'ACKED'
        ? 'the entry at which the queue had stopped was not fetched again'
        : 'the queue has stopped at an earlier command, and nobody has acknowledged the error',
  });
}

/**
 * V-2. An aborted fetch that the host acknowledges is a delay, no excuse: any fetch may be aborted, so with it as an
 * excuse V-2 would say nothing.
 */
export function syncsComplete(m: Builder, { hw }: QueueSystem, acks: boolean): void {
  const owed = m.variable('owed', set(hw.slot), set(hw.slot).make());
  m.explain(owed, 'no variable of the kernel: entries with a CMD_SYNC that was written and has not completed, for V-2');
  type State = Seen<{ owed: typeof owed }>;
  const monitor = m.monitor('owed CMD_SYNCs', { owed }, {
    'CMD_SYNC written': ({ at }: { at: number }, s: State) => ({ owed: s.owed.add(hw.slotOf(at)) }),
    'CMD_SYNC completed': ({ at }: { at: number }, s: State) => ({ owed: s.owed.delete(hw.slotOf(at)) }),
  }); // prettier-ignore
  m.leadsTo('V-2', {
    text: 'Every SYNC written to an enabled queue eventually completes unless a command error is latched.',
    source: '§4.7',
    monitors: [monitor],
    forall: { at: hw.slot },
    reads: () => ({ owed }),
    when: (s, { at }) => s.owed.has(at),
    holds: (s, { at }) => !s.owed.has(at),
    because: (_, { at }) => `the CMD_SYNC in ${hw.slot.print(at)} never completes`,
    excused: {
      reads: { cons: hw.cons },
      holds: ({ cons }) => cons.err === 'CERROR_ILL' || (cons.err === 'CERROR_ABT' && !acks),
    },
  });
}

/** V-6. Cleared means more than acknowledged: an entry that stays bad stops the queue again. */
export function errorsAreCleared(m: Builder, { hw }: QueueSystem): void {
  m.leadsTo('V-6', {
    text: 'A latched command error is eventually cleared by someone entitled to do so, and TLBI of unrelated domains proceed.',
    source: 'TE design; here: the queue gets past the entry at which it stopped',
    forall: { at: hw.Pointer },
    reads: () => ({ cons: hw.cons }),
    when: ({ cons }, { at }) => cons.err !== 'CERROR_NONE' && cons.rd === at,
    holds: ({ cons }, { at }) => cons.rd !== at,
    because: (_, { at }) => `the queue never gets past the entry at ${at}`,
  });
}

/** P-14, of waits that take too long. */
export function waitsNeverPanic(m: Builder, { producers: { panicked } }: QueueSystem): void {
  m.invariant('P-14', {
    text: 'No reachable state has EL2 panicked in HOSTILE mode.',
    source: 'rule 7',
    reads: () => ({ panicked }),
    holds: (s) => !s.panicked,
    because: () => 'a wait for the command queue took too long: WARN_ON',
  });
}

/** V-1, for the calls that use the queue; and what is left of it without fairness. */
export function everyInvalidationReturns(m: Builder, { producers: { panicked } }: QueueSystem): void {
  const excused = { reads: { panicked }, holds: (s: { panicked: boolean }) => s.panicked };
  m.returns('V-1', {
    text: 'Every started hypercall eventually returns if SMMUs are powered and the host does not stop scheduling.',
    source: 'rule 2',
    excused,
  });
  m.wedgeFree('wedge', { text: 'From every reachable state each CPU can return to idle.', source: 'V-1', excused });
}
