/**
 * One SMMU's command queue as it really is (B7, Arm IHI 0070 §3.5, §7.1): a ring in memory, CMDQ_PROD, CMDQ_CONS, and
 * the error stop.
 *
 * `smmuv3.ts` has the same queue as "the ring from CONS on", with the caches behind it. That is enough where commands are
 * legal, entries are visible before PROD, and the queue never stops: then nothing can be seen of CONS, of the wrap bit, or
 * of what lies in entries that are consumed. SC-05 is where these three are looked at, and so what SC-01 may leave out:
 * - P-3: PROD is never more than N ahead of CONS, so an entry of the ring from CONS on is not overwritten;
 * - P-5: each command that is consumed is the one that was written, never what the entry held one lap earlier;
 * - V-6: with legal commands, an error stop is a delay. It loses, repeats and reorders nothing.
 * What commands do to caches is left out here: a command is consumed, and a CMD_SYNC behind it completes.
 */
import {
  block,
  enumOf,
  index,
  next,
  optional,
  range,
  record,
  rule,
  union,
  unit,
  type Builder,
  type FamilyView,
  type Index,
  type ValueOf,
} from '../language/index.js';

const source = 'Arm IHI 0070 (B7)';

export type CommandQueueHw = ReturnType<typeof commandQueue>;

/** A command as it lies in an entry. */
export type QueueCommand = ValueOf<CommandQueueHw['Command']>;

/** What a model has of the queue. */
export interface QueueSizes {
  /** Entries of the ring, N. */
  readonly entries: number;
  /** Domains that a TLBI may name. */
  readonly domains: number;
  /** Streams that a CFGI may name. */
  readonly sids: number;
  /** The fetch of a command may be aborted by the interconnect, now and then. */
  readonly aborts: boolean;
  /**
   * Entries keep what they held one lap earlier. Only where a barrier is missing can anybody see it, and it costs many
   * states. Without, a consumed entry is as fresh memory.
   */
  readonly laps: boolean;
  /** The host acknowledges errors. */
  readonly acks: boolean;
}

type Slot = Index<'slot'>;

interface RingSeen {
  readonly prod: number;
  readonly cons: { readonly rd: number; readonly err: string };
  readonly entry: FamilyView<readonly [Slot] & readonly number[], QueueCommand>;
  readonly entryOld: FamilyView<readonly [Slot] & readonly number[], QueueCommand | null>;
}

/** Declares the ring, its registers, the SMMU that consumes it, and the host that may acknowledge errors. */
export function commandQueue(m: Builder, sizes: QueueSizes) {
  const { entries } = sizes;
  const domain = index('domain', sizes.domains, 'dom');
  const sid = index('sid', sizes.sids);
  const slot = index('slot', entries);

  /** `RESERVED` stands for every opcode that the SMMU does not know: 0x00 of fresh memory, or 0xFF from a host. */
  const Command = union('Command', { TLBI_S2_IPA: domain, CFGI_STE: sid, CMD_SYNC: unit, RESERVED: unit });
  const RESERVED = Command.make.RESERVED();

  /** An index into the ring and the wrap bit above it, in one number: so full and empty differ. */
  const Pointer = range(0, 2 * entries - 1);
  const advanced = (pointer: number): number => (pointer + 1) % (2 * entries);
  const slotOf = (pointer: number): Slot => slot.of(pointer % entries);
  /** How far PROD is ahead of CONS, modulo the wrap. More than N is an inconsistent PROD. */
  const ahead = (prod: number, rd: number): number => (prod - rd + 2 * entries) % (2 * entries);

  /**
   * CMDQ_CONS. ERR means something only while GERROR.CMDQ_ERR is active, that is, differs from GERRORN.CMDQ_ERR. So the
   * toggle pair is not kept: the error is active while ERR is not CERROR_NONE.
   */
  const Cons = record('CMDQ_CONS', { rd: Pointer, err: enumOf('CERROR_NONE', 'CERROR_ILL', 'CERROR_ABT') });

  const at = { at: Pointer };
  m.event('command consumed', { ...at, command: Command });
  for (const event of ['CMDQ_ERR', 'GERRORN written', 'CMD_SYNC written', 'CMD_SYNC completed']) m.event(event, at);

  const entry = m.family('entry', [slot], Command, RESERVED);
  /** What the SMMU may still read in an entry instead of its content: a store that no barrier has made visible. */
  const entryOld = m.family('entryOld', [slot], optional(Command), null, 'ghost');
  const prod = m.variable('CMDQ_PROD', Pointer, 0);
  const cons = m.variable('CMDQ_CONS', Cons, Cons.make({ rd: 0, err: 'CERROR_NONE' }));
  m.explain(entry, 'one entry of the command queue in memory: the command that was last written there');
  m.explain(
    entryOld,
    'what the SMMU may still read in this entry: the command of before a store that no barrier has made visible; null if there is none',
  );
  m.explain(
    prod,
    'the register CMDQ_PROD: where the next command goes, counted in entries; the count runs through the ring twice, for the wrap bit',
  );
  m.explain(
    cons,
    'the register CMDQ_CONS: rd is where the SMMU reads next (counted as PROD), err is why it has stopped, CERROR_NONE if it has not',
  );

  /** The commands that a fetch of the entry at CONS may give. */
  const fetched = (q: RingSeen): QueueCommand[] => {
    const at = slotOf(q.cons.rd);
    const old = q.entryOld.at(at);
    return old ? [q.entry.at(at), old] : [q.entry.at(at)];
  };

  const seen = { reads: () => ({ prod }), writes: () => ({ cons, entry, entryOld }) };
  /** In the end an entry is fetched as it was written: neither aborts (assumption ABT) nor slow stores go on for ever. */
  const fetches = { ...seen, fair: 'strong' as const };
  const running = {
    id: 'queue-is-not-stopped',
    doc: 'nothing is consumed from an error until GERRORN acknowledges it',
    source: `${source} §7.1`,
    test: (q: RingSeen) => q.cons.err === 'CERROR_NONE',
    else: block,
  };
  const notEmpty = {
    id: 'queue-is-not-empty',
    doc: 'entries from PROD on are not fetched',
    source: `${source} §3.5`,
    test: (q: RingSeen) => ahead(q.prod, q.cons.rd) > 0,
    else: block,
  };
  const guards = [running, notEmpty];
  const consumed = (q: RingSeen) => {
    const at = slotOf(q.cons.rd);
    return {
      cons: Cons.make({ rd: advanced(q.cons.rd), err: 'CERROR_NONE' }),
      entry: sizes.laps ? q.entry : q.entry.set(at, RESERVED),
      entryOld: q.entryOld.set(at, null),
    };
  };
  const stopped = (q: RingSeen, err: 'CERROR_ILL' | 'CERROR_ABT') =>
    next({ cons: Cons.make({ rd: q.cons.rd, err }) }).emit('CMDQ_ERR', { at: q.cons.rd });

  m.hardware('smmu', [
    rule('consume command', {
      doc: 'consumed is not completed, and commands before a CMD_SYNC are unordered (facts 4, 5)',
      fn: 'CMD_TLBI_S2_IPA, CMD_CFGI_STE',
      source: `${source} §4.3, §4.4`,
      ...fetches,
      guards,
      run: (q) =>
        fetched(q)
          .filter(({ tag }) => tag === 'TLBI_S2_IPA' || tag === 'CFGI_STE')
          .map((command) => next(consumed(q)).emit('command consumed', { at: q.cons.rd, command })),
    }),
    rule('complete CMD_SYNC', {
      doc: 'all earlier commands are done',
      fn: 'CMD_SYNC',
      source: `${source} §4.7`,
      ...fetches,
      guards,
      run: (q) =>
        fetched(q).some(({ tag }) => tag === 'CMD_SYNC')
          ? next(consumed(q)).emit('CMD_SYNC completed', { at: q.cons.rd })
          : block,
    }),
    rule('stop at illegal command', {
      doc: 'ERR says why, CMDQ_ERR becomes active, and the queue stops at the bad entry',
      fn: 'CERROR_ILL',
      source: `${source} §7.1`,
      ...seen,
      guards,
      run: (q) => (fetched(q).some(({ tag }) => tag === 'RESERVED') ? stopped(q, 'CERROR_ILL') : block),
    }),
    ...(sizes.aborts
      ? [
          rule('stop at aborted fetch', {
            doc: 'the interconnect aborts the read of an entry: nobody’s fault, and over when it is tried again',
            fn: 'CERROR_ABT',
            source: `${source} §7.1`,
            ...seen,
            fair: 'none',
            guards,
            run: (q) => stopped(q, 'CERROR_ABT'),
          }),
        ]
      : []),
  ]);

  if (sizes.acks) {
    m.hardware('host', [
      rule('acknowledge', {
        doc: 'the SMMU fetches the entries from CONS on once more: the bad one is still there',
        fn: 'arm_smmu_gerror_handler: writel(GERRORN)',
        source: `${source} §7.1; B8: GERRORN is the host’s to write`,
        writes: () => ({ cons }),
        run: (q) =>
          q.cons.err === 'CERROR_NONE'
            ? block
            : next({ cons: q.cons.set('err', 'CERROR_NONE') }).emit('GERRORN written', { at: q.cons.rd }),
      }),
    ]);
  }

  return {
    entries,
    domain,
    sid,
    slot,
    Command,
    RESERVED,
    Pointer,
    entry,
    entryOld,
    prod,
    cons,
    advanced,
    slotOf,
    ahead,
  };
}
