/** Registers and power (domain brief, section d): what an SMMU does while it changes, and after it was off. */
import { enumOf, type Builder, type Seen } from '../language/index.js';
import type { EventQueues, PowerIsOff, Smmu, SmmuRegisters } from '../spec/index.js';
import type { System } from './isolation.js';

/** I-4, as far as the registers go. */
export function disabledSmmusAbort(m: Builder, { parts: { smmu }, streams }: System): void {
  m.invariant('I-4', {
    text: 'After take-over no transaction passes untranslated: mayReach never yields ALL through SMMUEN=0 with GBPA.ABORT=0, or through a stream table that is not EL2’s.',
    source: 'S3:75; §6.3',
    forall: { s: smmu },
    reads: () => ({ modes: streams.switches.modes }),
    when: ({ modes }, { s }) => modes[s].size > 1 || !modes[s].has('TRANSLATE'),
    holds: ({ modes }, { s }) => !modes[s].has('BYPASS') && !modes[s].has('ASTRAY'),
    because: ({ modes }, { s }) =>
      modes[s].has('BYPASS')
        ? `${smmu.print(s)} may let transactions pass: SMMUEN=0 and GBPA.ABORT=0`
        : `${smmu.print(s)} is enabled, and STRTAB_BASE is what a loss of power has left in it`,
  });
}

/** I-9, of the PV design: its two halves, since a page that is not pinned is not yet one that is gone. */
export function eventsGoToHostPages(
  m: Builder,
  { parts: { smmu, page }, pages }: System,
  { registers }: SmmuRegisters,
  { pageOf }: EventQueues,
): void {
  type Values = Seen<{ registers: ReturnType<SmmuRegisters['registers']> }>['registers'];
  // EVENTQEN goes with SMMUEN. One that changes right now may be in effect, or no longer.
  const writes = ({ powered, cr0, ack }: Values): boolean => powered && [cr0, ack].includes('SMMUEN|CMDQEN');
  m.invariant('I-9', {
    text: 'Every page the SMMU itself writes (EVTQ) is host-ok while that writer is enabled.',
    source: 'v4 review of queue bases',
    forall: { s: smmu },
    reads: ({ s }) => ({ registers: registers(s), own: pages.ownership(pageOf(s)) }),
    when: (seen) => writes(seen.registers),
    holds: ({ registers: { EVTQ_BASE }, own }) => EVTQ_BASE === 'EL2' && own.host !== 'NOPAGE',
    because: ({ registers: { EVTQ_BASE }, own }, { s }) =>
      EVTQ_BASE === 'EL2'
        ? `${smmu.print(s)} writes events into ${page.print(pageOf(s))}, which belongs to ${own.owner}`
        : `${smmu.print(s)} writes events to where a loss of power has left EVTQ_BASE`,
  });
  m.invariant('I-9/pin', {
    text: 'Every page the SMMU itself writes (EVTQ) is pinned (ref>0) while that writer is enabled.',
    source: 'v4 review of queue bases',
    forall: { s: smmu },
    reads: ({ s }) => ({ registers: registers(s), ref: pages.ref(pageOf(s)) }),
    when: (seen) => writes(seen.registers),
    holds: ({ ref }) => ref > 0,
    because: (_, { s }) => `${page.print(pageOf(s))}, into which ${smmu.print(s)} writes events, is not pinned`,
  });
}

/** What EL2 sends for a domain or a stream: all but what resume sends, and in order B the flag still says off then. */
const forSomebody: readonly (string | undefined)[] = ['TLBI_S2_IPA', 'TLBI_S12_VMALL', 'CFGI_STE', 'CFGI_CD'];

/** L-6. Its first half, "while power_is_off the queue receives no command", is read as: no command for a domain or a stream. */
export function resumeInvalidatesFirst(
  m: Builder,
  { parts: { smmu }, hw }: System,
  { registers }: SmmuRegisters,
  off: PowerIsOff,
): void {
  const swept = m.family('swept', [smmu], enumOf('NO', 'CFGI', 'TLBI', 'BOTH', 'SYNCED'), 'SYNCED');
  m.explain(
    swept,
    'no variable of the kernel: which invalidations the SMMU has had since it was disabled (all configuration, all TLB, both, completed by a CMD_SYNC), for L-6',
  );
  type Swept = Seen<{ swept: typeof swept }>;
  type At = { smmu: Smmu };
  const monitor = m.monitor('swept', { swept }, {
    'SMMU disabled': ({ smmu: s }: At, seen: Swept) => ({ swept: seen.swept.set(s, 'NO') }),
    'CFGI_ALL consumed': ({ smmu: s }: At, seen: Swept) => {
      const was = seen.swept.at(s);
      return was === 'NO' || was === 'TLBI' ? { swept: seen.swept.set(s, was === 'NO' ? 'CFGI' : 'BOTH') } : {};
    },
    'TLBI_NSNH_ALL consumed': ({ smmu: s }: At, seen: Swept) => {
      const was = seen.swept.at(s);
      return was === 'NO' || was === 'CFGI' ? { swept: seen.swept.set(s, was === 'NO' ? 'TLBI' : 'BOTH') } : {};
    },
    'CMD_SYNC completed': ({ smmu: s }: At, seen: Swept) =>
      seen.swept.at(s) === 'BOTH' ? { swept: seen.swept.set(s, 'SYNCED') } : {},
  }); // prettier-ignore

  m.transition('L-6', {
    text: 'While power_is_off, the hypervisor queue receives no command for a domain or a stream; SMMUEN becomes 1 after power-on only after CFGI_ALL, NSNH_ALL, SYNC completed.',
    source: 'smmu_resume',
    monitors: [monitor],
    forall: { s: smmu },
    writes: ({ s }) => [registers(s), hw.cmdq(s)],
    reads: ({ s }) => ({ registers: registers(s), cmdq: hw.cmdq(s), off: off(s), swept: swept(s) }),
    when: (before, after) =>
      (before.registers.cr0 !== after.registers.cr0 && after.registers.cr0 === 'SMMUEN|CMDQEN') ||
      (before.off && after.cmdq.ahead > before.cmdq.ahead),
    holds: (before, after) =>
      after.cmdq.ahead > before.cmdq.ahead
        ? !forSomebody.includes(after.cmdq.ring.get(after.cmdq.ahead - 1)?.tag)
        : before.swept === 'SYNCED',
    because: (before, after, { s }) =>
      after.cmdq.ahead > before.cmdq.ahead
        ? `${smmu.print(s)} is off, and its queue gets ${after.cmdq.ring.get(after.cmdq.ahead - 1)?.tag}`
        : `${smmu.print(s)} is enabled, and not all of what it holds was invalidated`,
  });
}

/** P-12: nothing is sent to an SMMU whose CR0 is still changing. EL2 does not write GBPA. */
export function queueIsUsedAfterAck(m: Builder, { parts: { smmu }, hw }: System, { registers }: SmmuRegisters): void {
  m.transition('P-12', {
    text: 'Code that depends on a CR0 change runs only after the ACK indication: no command is sent to an SMMU whose CR0 is still changing.',
    source: '§6.3',
    forall: { s: smmu },
    writes: ({ s }) => [hw.cmdq(s)],
    reads: ({ s }) => ({ registers: registers(s), cmdq: hw.cmdq(s) }),
    when: (before, after) => after.cmdq.ahead > before.cmdq.ahead,
    holds: ({ registers: { cr0, ack, powered } }) => !powered || cr0 === ack,
    because: ({ registers: { cr0, ack } }, _, { s }) =>
      `a command goes to ${smmu.print(s)} while its CR0 changes from ${ack} to ${cr0}`,
  });
}
