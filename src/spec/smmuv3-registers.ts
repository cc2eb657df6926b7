/**
 * Registers of an SMMU (B7, Arm IHI 0070 §6.3): CR0 with CR0ACK, GBPA.ABORT, the bases of the stream table and of the
 * queues, and what they do to transactions. EL2 never writes GBPA in this design, so there is no GBPA.Update here.
 * Scenarios without registers are `alwaysOn`.
 */
import {
  block,
  enumOf,
  bool,
  fragment,
  next,
  record,
  rule,
  set,
  type Builder,
  type Derived,
  type Seen,
  type ValueOf,
} from '../language/index.js';
import { consumed } from './command-ring.js';
import type { Parts } from './parts.js';
import type { PowerIsOff } from './power-domain.js';
import type { El2Driver } from './smmuv3-el2-driver.js';
import type { Smmuv3 } from './smmuv3.js';
import type { StreamTable } from './stream-table.js';

const source = 'Arm IHI 0070 §6.3 (B7)';

/**
 * What may become of a transaction: translated by EL2's stream table, aborted, passed as it is, or translated by whatever
 * lies where STRTAB_BASE happens to point.
 */
export type Mode = 'TRANSLATE' | 'ABORT' | 'BYPASS' | 'ASTRAY';

/** What the rest of the SMMU must know of its registers. */
export interface Switches {
  /** By SMMU: the modes that a transaction may meet. One that changes right now may meet the old or the new one. */
  readonly modes: Derived<readonly ReadonlySet<Mode>[]>;
  /** By SMMU: does it consume commands? */
  readonly consuming: Derived<readonly boolean[]>;
}

/** SMMUs that are on for ever. */
export const alwaysOn = (m: Builder, { smmu }: Parts): Switches => ({
  modes: m.derived('modes', {}, () => smmu.values.map(() => new Set<Mode>(['TRANSLATE']))),
  consuming: m.derived('consuming', {}, () => smmu.values.map(() => true)),
});

export type SmmuRegisters = ReturnType<typeof smmuRegisters>;
type Values = ValueOf<SmmuRegisters['Registers']>;

/**
 * Declares the registers, all SMMUs being enabled.
 * @param abort GBPA.ABORT, as take-over found it
 * @param events there are event queues
 */
export function smmuRegisters(m: Builder, { smmu }: Parts, abort: boolean, events = false) {
  m.event('SMMU disabled', { smmu });
  /** EVENTQEN is set and cleared together with SMMUEN (B8). */
  const Cr0 = enumOf('0', 'CMDQEN', 'SMMUEN|CMDQEN');
  const Mode = enumOf('TRANSLATE', 'ABORT', 'BYPASS', 'ASTRAY');
  /** What EL2 has programmed, or what is in the register after a loss of power: its reset value is UNKNOWN. */
  const Base = enumOf('EL2', 'UNKNOWN');
  const EvtqBase = enumOf('UNUSED', 'EL2', 'UNKNOWN');
  const Registers = record('Registers', {
    powered: bool,
    cr0: Cr0,
    ack: Cr0,
    abort: bool,
    STRTAB_BASE: Base,
    CMDQ_BASE: Base,
    EVTQ_BASE: EvtqBase,
  });
  const bases = (now: ValueOf<typeof Base>) =>
    ({ STRTAB_BASE: now, CMDQ_BASE: now, EVTQ_BASE: events ? now : 'UNUSED' }) as const;
  const Modes = set(Mode);
  const registers = m.family(
    'registers',
    [smmu],
    Registers,
    Registers.make({
      powered: true,
      cr0: 'SMMUEN|CMDQEN',
      ack: 'SMMUEN|CMDQEN',
      abort,
      ...bases('EL2'),
    }),
  );
  const mayMode = m.family('mayMode', [smmu], Modes, Modes.make(['TRANSLATE']), 'ghost');
  m.explain(
    registers,
    'the registers of the SMMU: power, CR0 and its acknowledgement (they differ while a write takes effect), GBPA.ABORT, and the bases of tables and queues, UNKNOWN after power was lost',
  );
  m.explain(
    mayMode,
    'what a transaction on this SMMU may meet now: translation, abort, bypass, or tables that nobody has set up (ASTRAY)',
  );
  /** The mode that a value of CR0 stands for. Without power nothing passes. */
  const modeOf = (now: ValueOf<typeof Registers>, cr0: ValueOf<typeof Cr0>): Mode => {
    if (!now.powered) return 'ABORT';
    if (cr0 === 'SMMUEN|CMDQEN') return now.STRTAB_BASE === 'EL2' ? 'TRANSLATE' : 'ASTRAY';
    return now.abort ? 'ABORT' : 'BYPASS';
  };

  return {
    registers,
    mayMode,
    modeOf,
    Modes,
    Registers,
    bases,
    modes: m.derived('modes', { mayMode }, (seen) =>
      smmu.values.map((s): ReadonlySet<Mode> => new Set(seen.mayMode.at(s))),
    ),
    consuming: m.derived('consuming', { registers }, (seen) =>
      smmu.values.map((s) => seen.registers.at(s).ack !== '0' && seen.registers.at(s).CMDQ_BASE === 'EL2'),
    ),
  };
}

export type RegisterHardware = ReturnType<typeof registerHardware>;

/** What happens in the SMMU when registers change. Caches keep what they hold: that is what makes resume hard (W-12). */
export function registerHardware(m: Builder, all: Parts, regs: SmmuRegisters, streams: StreamTable, hw: Smmuv3) {
  const { smmu, sid, smmuOfSid } = all;
  const { registers, mayMode, modeOf, Modes } = regs;
  const { ste, cd, cfg, fetched, walkers } = streams;
  const { stale, table } = hw;

  /** EL2 writes CR0. Until CR0ACK follows, a transaction may meet the old or the new mode (W-08). */
  const writeCr0 = (name: Values['cr0'], doc: string) =>
    fragment('write CR0', { smmu }, (h) => [
      h.step(`write CR0 ${name}`, {
        doc,
        fn: 'writel(CR0)',
        source,
        reads: () => ({ ste, cd }),
        writes: (f) => ({ registers: registers(f.smmu), mayMode: mayMode(f.smmu), cfg }),
        atomic: 'the stream table is read by the SMMU, from here on, not by this step',
        run: (s, f) => {
          if (!s.registers.powered) return next();
          const mode = modeOf(s.registers, name);
          const streamsHere = mode === 'TRANSLATE' ? sid.values.filter((stream) => smmuOfSid(stream) === f.smmu) : [];
          return next({
            registers: s.registers.set('cr0', name),
            mayMode: s.mayMode.add(mode),
            cfg: streamsHere.reduce(
              (all, stream) => all.set(stream, fetched(all.at(stream), s.ste.at(stream), s.cd)),
              s.cfg,
            ),
          });
        },
      }),
    ]);

  /** EL2 writes a base register. The SMMU ignores that while what it is the base of is enabled (fact 7). */
  const writeBase = (name: 'STRTAB_BASE' | 'CMDQ_BASE' | 'EVTQ_BASE', doc: string) =>
    fragment(`program ${name}`, { smmu }, (h) => [
      h.step(`write ${name}`, {
        doc,
        fn: `smmu_init_registers: writeq(${name})`,
        source,
        writes: (f) => ({ registers: registers(f.smmu) }),
        run: ({ registers: now }) =>
          now.powered && now.cr0 === '0' && now.ack === '0' ? next({ registers: now.set(name, 'EL2') }) : next(),
      }),
    ]);

  for (const s of smmu.values) {
    const reads = () => ({ walkers, table });
    const writes = () => ({ registers: registers(s), mayMode: mayMode(s), stale });
    type Before = Seen<ReturnType<typeof reads> & ReturnType<typeof writes>>;
    /** The new mode alone. What could be walked to until now stays in caches. */
    const effective = (q: Before, after: Values) => {
      const mode = modeOf(after, after.ack);
      const left = mode === 'TRANSLATE' ? q.stale : hw.leftBehind(s, q.walkers[s], q.table, q.stale);
      const result = next({ registers: after, mayMode: Modes.make([mode]), stale: left });
      return q.registers.ack === 'SMMUEN|CMDQEN' ? result.emit('SMMU disabled', { smmu: s }) : result;
    };
    m.hardware(`${smmu.print(s)} registers`, [
      rule('CR0 takes effect', {
        doc: 'CR0ACK follows CR0: no transaction meets the old mode any more',
        fn: 'CR0ACK',
        source,
        reads,
        writes,
        run: (q) =>
          q.registers.ack === q.registers.cr0 ? block : effective(q, q.registers.set('ack', q.registers.cr0)),
      }),
      rule('consume what lies at CMDQ_BASE', {
        doc: 'nobody has programmed it: CONS moves on, and EL2’s commands are not what the SMMU reads (or it stops)',
        fn: 'CMDQ_BASE',
        source,
        fair: 'none',
        reads: () => ({ registers: registers(s) }),
        writes: () => ({ cmdq: hw.cmdq(s) }),
        run: ({ registers: { ack, CMDQ_BASE }, cmdq }) =>
          ack === '0' || CMDQ_BASE === 'EL2' || cmdq.ahead === 0 ? block : next({ cmdq: consumed(cmdq) }),
      }),
    ]);
  }

  return { writeCr0, writeBase };
}

/** What may cut the power: whoever has the power domain. */
export interface PowerControl {
  /** The host switches power when it likes, and EL2 does not see it (SCMI). Else it only does so while EL2 has the SMMU off. */
  readonly unseen: boolean;
  /** A-PD: GBPA.ABORT is 1 when power comes back. */
  readonly aborts: boolean;
}

/** Power goes, and comes back: registers are reset, caches hold who knows what of what they held. */
export function powerHardware(
  m: Builder,
  { smmu }: Parts,
  regs: SmmuRegisters,
  streams: StreamTable,
  hw: Smmuv3,
  driver: El2Driver,
  powerIsOff: PowerIsOff,
  { unseen, aborts }: PowerControl,
) {
  const { registers, mayMode, modeOf, Modes, Registers, bases } = regs;
  for (const s of smmu.values) {
    const reset = (powered: boolean) =>
      Registers.make({
        powered,
        cr0: '0',
        ack: '0',
        abort: aborts,
        ...bases('UNKNOWN'),
      });
    m.hardware(`power of ${smmu.print(s)}`, [
      rule('power is lost', {
        doc: unseen ? 'whenever the host likes' : 'only while EL2 has the SMMU off: hw.lose',
        source: 'PD3 (B9)',
        reads: () => ({
          off: powerIsOff(s),
          lock: driver.smmuLock(s),
          walkers: streams.walkers,
          table: hw.table,
        }),
        writes: () => ({ registers: registers(s), mayMode: mayMode(s), stale: hw.stale, cmdq: hw.cmdq(s) }),
        run: (q) => {
          if (!q.registers.powered || (!unseen && (!q.off || q.lock !== 0))) return block;
          const after = reset(!unseen);
          return next({
            registers: after,
            mayMode: Modes.make([modeOf(after, after.ack)]),
            stale: hw.leftBehind(s, q.walkers[s], q.table, q.stale),
            // PROD and CONS are reset with the other registers: to EL2 the queue looks empty, and so done.
            cmdq: hw.emptyQueue,
          }).emit('SMMU disabled', { smmu: s });
        },
      }),
      rule('power comes back', {
        doc: 'registers have their reset values',
        source: 'PD3 (B9)',
        writes: () => ({ registers: registers(s), mayMode: mayMode(s) }),
        run: (q) => {
          if (q.registers.powered) return block;
          const after = reset(true);
          return next({ registers: after, mayMode: Modes.make([modeOf(after, after.ack)]) });
        },
      }),
    ]);
  }
}
