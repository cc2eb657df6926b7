/**
 * Who writes to the command queue of `command-queue.ts`: EL2's own invalidations (B8), and commands of the host that EL2
 * copies into the same queue (B6). All of them take the SMMU's lock, write a batch, write a CMD_SYNC, and wait until CONS
 * has reached PROD. W-06 lies between the write of an entry and the write of PROD, W-07 between that and the wait.
 */
import {
  block,
  bool,
  done,
  fail,
  goto,
  handler,
  index,
  list,
  next,
  type Body,
  type Builder,
  type Handler,
  type Node,
  type Result,
  type ValueOf,
} from '../language/index.js';
import type { CommandQueueHw, QueueCommand } from './command-queue.js';

const source = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c (B8)';
const emulation = 'trapped write of CMDQ_PROD (B6)';

/** How the producers behave. */
export interface Producers {
  readonly cpus: number;
  /** Commands before a CMD_SYNC, at most. */
  readonly batch: number;
  /** A wait that takes too long is a WARN_ON, which panics at EL2 (rule 7). */
  readonly warn: boolean;
  /** Of the host's commands, EL2 copies only those with an opcode that it knows. */
  readonly filters: boolean;
}

export type QueueProducers = ReturnType<typeof queueProducers>;

/** Declares EL2's CPUs, each with the two ways to the queue. */
export function queueProducers(m: Builder, hw: CommandQueueHw, { cpus, batch, warn, filters }: Producers) {
  const { Command, RESERVED, domain, sid, entry, entryOld, prod, cons, entries, slotOf, advanced, ahead } = hw;
  const cpu = index('cpu', cpus);
  const panicked = m.ghost('EL2 panicked', bool, false);
  /** Serialises producers. The SMMU takes no lock: what it sees of an entry, and when, is a matter of order (rule 3). */
  const smmuLock = m.lock('smmu_lock', { protects: [prod, ...entry.all] });
  m.explain(panicked, 'a BUG_ON or WARN_ON at EL2: the CPU that ran into it never moves on');
  m.explain(smmuLock, 'serialises the CPUs that write commands; the SMMU takes no lock');

  /** A command for each thing that can be invalidated. */
  const known = [
    ...domain.values.map((d) => Command.make.TLBI_S2_IPA(d)),
    ...sid.values.map((s) => Command.make.CFGI_STE(s)),
  ];
  const Batch = list(Command, batch);
  m.event('invalidation asked', { cpu, commands: Batch });
  m.event('invalidation given up', { cpu });
  m.event('invalidation reported done', { cpu });
  /** Nothing orders the commands of a batch, so one order of each is enough. */
  const batches = known
    .reduce<QueueCommand[][]>((some, command) => [...some, ...some.map((one) => [...one, command])], [[]])
    .filter(({ length }) => length > 0 && length <= batch);

  /** A wait gives up only where the queue has stopped: see the assumption TIMEOUT. */
  const inTime = (onTimeout: Result<{ panicked: boolean }, object>) => ({
    id: 'in-time',
    doc: 'a stopped queue does not move, until the wait takes too long',
    source: `${source}: smmu_wait_event`,
    else: onTimeout,
  });

  /** What is still to be written of a batch. */
  const locals = { rest: Batch };
  interface Rest {
    readonly rest: ValueOf<typeof Batch>;
  }

  const opcodeIsKnown = {
    id: 'opcode-is-known',
    doc: 'an illegal command would stop the queue that EL2 itself uses',
    source: `${emulation}; missing in the first version of that design`,
    test: (_: unknown, f: Rest) => f.rest.first()?.tag !== 'RESERVED',
    else: fail('EINVAL'),
  };

  function handlersOf(me: ValueOf<typeof cpu>): readonly Handler[] {
    const timeout = warn
      ? goto('panic', { panicked: true }).local({ rest: Batch.make() })
      : fail<{ panicked: boolean }>('ETIMEDOUT').emit('invalidation given up', { cpu: me });

    /** q.write, barrier, q.ring: the first command of `rest`, or the CMD_SYNC. */
    const push = (h: Body<typeof locals>, what: 'command' | 'CMD_SYNC'): Node[] => [
      h.step(`write ${what}`, {
        fn: 'smmu_add_cmd',
        source,
        waits: true,
        fair: 'strong', // the time limit runs on, also while the host acknowledges
        reads: () => ({ cons, prod }),
        writes: () => ({ entry, entryOld, panicked }),
        guards: [
          {
            ...inTime(timeout),
            test: (q) => ahead(q.prod, q.cons.rd) < entries || q.cons.err === 'CERROR_NONE',
          },
          {
            id: 'queue-has-room',
            doc: 'the entry at PROD is not one that the SMMU has yet to read',
            source: `${source}: smmu_cmdq_full`,
            test: (q) => ahead(q.prod, q.cons.rd) < entries,
            else: block,
          },
        ],
        run: (q, f: Rest) => {
          const at = slotOf(q.prod);
          const stored = (command: QueueCommand) =>
            next({ entry: q.entry.set(at, command), entryOld: q.entryOld.set(at, q.entry.at(at)) });
          return what === 'CMD_SYNC'
            ? stored(Command.make.CMD_SYNC()).emit('CMD_SYNC written', { at })
            : stored(f.rest.first() as QueueCommand).local({ rest: f.rest.shift() });
        },
      }),
      h.step(`barrier for ${what}`, {
        doc: 'what was stored before is seen before what is stored behind it (W-06)',
        fn: 'smmu_add_cmd: writel: dma_wmb',
        source,
        writes: () => ({ entryOld }),
        run: (q) => next({ entryOld: hw.slot.values.reduce((old, at) => old.set(at, null), q.entryOld) }),
      }),
      h.step(`ring for ${what}`, {
        fn: 'smmu_add_cmd: writel(CMDQ_PROD)',
        source,
        writes: () => ({ prod }),
        run: (q, f: Rest) => {
          const moved = { prod: advanced(q.prod) };
          return what === 'command' && !f.rest.isEmpty() ? goto('write command', moved) : next(moved);
        },
      }),
    ];

    /** The batch in `rest`, a CMD_SYNC, and the wait for it. */
    const submit = (h: Body<typeof locals>): Node[] => [
      ...push(h, 'command'),
      ...push(h, 'CMD_SYNC'),
      h.step('wait for CMD_SYNC', {
        doc: 'the only sign that the hardware is done (rule 5): CONS has reached PROD',
        fn: 'smmu_sync_cmd: smmu_wait_event(smmu_cmdq_empty)',
        source,
        waits: true,
        fair: 'strong', // the time limit runs on, also while the host acknowledges
        reads: () => ({ cons, prod }),
        writes: () => ({ panicked }),
        guards: [
          {
            ...inTime(timeout),
            test: (q) => ahead(q.prod, q.cons.rd) === 0 || q.cons.err === 'CERROR_NONE',
          },
          {
            id: 'queue-is-empty',
            doc: 'the SMMU has taken all that was written, so the CMD_SYNC is complete',
            source: `${source}: smmu_cmdq_empty`,
            test: (q) => ahead(q.prod, q.cons.rd) === 0,
            else: block,
          },
        ],
        run: () => done('0').emit('invalidation reported done', { cpu: me }),
      }),
      ...(warn
        ? [
            h.step('panic', {
              doc: 'the CPU never moves on, and its lock stays taken',
              fn: 'WARN_ON at nVHE EL2 (rule 7)',
              source,
              waits: true,
              run: () => block,
            }),
          ]
        : []),
    ];

    const invalidate = handler('smmu_inv', locals, (h) => [
      h.locked('smmu_lock', () => smmuLock, [
        h.step('gather', {
          doc: 'what a hypercall has unmapped or detached, and must now invalidate: any batch',
          fn: 'smmu_tlb_inv_range, smmu_sync_ste',
          source,
          run: () =>
            batches.map(Batch.make).map((commands) =>
              next().local({ rest: commands }).emit('invalidation asked', { cpu: me, commands }),
            ),
        }),
        ...submit(h),
      ]),
    ], { fn: 'smmu_tlb_inv_range, smmu_sync_ste', source }); // prettier-ignore

    const forward = handler('host_cmdq', locals, (h) => [
      h.locked('smmu_lock', () => smmuLock, [
        h.step('copy', {
          doc: 'one command out of the host’s queue, read once: any',
          fn: 'smmu_emulate_cmdq_insert',
          source: emulation,
          run: () => [...known, RESERVED].map((command) => next().local({ rest: Batch.make([command]) })),
        }),
        h.step('filter', {
          fn: 'smmu_filter_command',
          source: emulation,
          guards: filters ? [opcodeIsKnown] : [],
          run: (_, f) => next().emit('invalidation asked', { cpu: me, commands: f.rest }),
        }),
        ...submit(h),
      ]),
    ], { fn: 'smmu_emulate_cmdq_insert', source: emulation }); // prettier-ignore

    return [invalidate, forward];
  }

  for (const me of cpu.values) m.process(cpu.print(me), handlersOf(me));
  return { cpu, panicked, smmuLock, known };
}
