/** What must hold of the freeze, the memory controller and the SMMUs' registers (domain brief, section d). */
import { type Builder } from '../language/index.js';
import {
  letsDmaPass,
  isEl2s,
  passThrough,
  type DevicePolicy,
  type Device,
  type MemoryController,
  type Mmio,
  type Parts,
  type Platform,
  type PublishedTrap,
  type TegraSid,
  type Trapped,
  type Smmu,
  type SmmuRegisterFile,
} from '../spec/index.js';

/** The components that these properties look at. */
export interface Frontend {
  readonly parts: Parts;
  readonly soc: Platform;
  readonly pages: Mmio;
  readonly smmus: SmmuRegisterFile;
  readonly mc: MemoryController;
  readonly policy: DevicePolicy;
}

/**
 * I-4, as far as registers decide it: the SMMU is off and does not abort, or the client presents the pass-through SID.
 * EL2 has taken an SMMU over once it has registered it; a client's SIDs are its business from the freeze on.
 */
export function nothingPassesUntranslated(
  m: Builder,
  { parts: { smmu, smmuOf }, soc, smmus, mc, policy }: Frontend,
): void {
  const { client, deviceOf } = soc;
  m.invariant('I-4', {
    text: 'After take-over no transaction passes untranslated: no SMMU is off with GBPA.ABORT=0, and no client presents the pass-through SID, except streams listed as allowed pass-through by EL2 policy.',
    source: 'S3:75; §6.3',
    forall: { c: client },
    reads: ({ c }) => {
      const k = smmuOf(deviceOf(c));
      return { phase: policy.phase, known: policy.known(k), registers: smmus.registers(k), effective: mc.effective(c) };
    },
    when: (s) => s.known || s.phase === 'FROZEN',
    holds: (s) => !letsDmaPass(s.registers) && (s.phase === 'OPEN' || !s.effective.includes(passThrough)),
    because: (s, { c }) => {
      const d = deviceOf(c);
      return letsDmaPass(s.registers)
        ? `${smmu.print(smmuOf(d))} ${s.registers.SMMUEN ? 'uses EL1’s stream table' : 'has SMMUEN=0 and GBPA.ABORT=0'}`
        : `${client.print(c)} may present the pass-through SID`;
    },
  });
}

/** I-5: over effective SIDs, not over register bits: engines of host1x pick their own SID, with OVERRIDE off. */
export function clientsPresentTheirSids(m: Builder, { parts: { device }, soc, mc, policy }: Frontend): void {
  const { client, deviceOf, truth } = soc;
  m.invariant('I-5', {
    text: 'For every MC client c of device d after freeze: effective(c) ∈ truth[d].sids (or abort).',
    source: 'S3:74-75,183',
    forall: { c: client },
    reads: ({ c }) => ({ phase: policy.phase, effective: mc.effective(c) }),
    when: (s) => s.phase === 'FROZEN' && s.effective.length > 0,
    holds: (s, { c }) => s.effective.every((sid) => truth(deviceOf(c)).sids.has(sid)),
    because: (s, { c }) => `${client.print(c)} of ${device.print(deviceOf(c))} may present ${s.effective.join(', ')}`,
  });
}

/** I-8: what EL2 froze, it has. */
export function frozenMmioIsEl2s(m: Builder, { pages, policy }: Frontend): void {
  m.invariant('I-8', {
    text: 'After freeze every SMMU and MC SID MMIO page has owner=HYP and is not host-mapped.',
    source: 'S3:70-81,130',
    reads: () => ({ phase: policy.phase, smmus: pages.smmuPage, mc: pages.mcPage }),
    when: (s) => s.phase === 'FROZEN',
    holds: (s) => isEl2s(s.mc) && pages.smmuPage.keys.every(([k]) => isEl2s(s.smmus.at(k))),
    because: (s) => `${isEl2s(s.mc) ? 'an SMMU' : 'the memory controller'} is within reach of the host`,
  });
}

/** I-17. truth is no state, so it can't change; an attach is the association of a device with a SID. */
export function associationsAreFrozen(m: Builder, { parts: { device }, soc, policy }: Frontend): void {
  interface Attached {
    readonly device: Device;
    readonly smmu: Smmu;
    readonly sid: TegraSid;
  }
  m.transition('I-17', {
    text: 'After freeze, no accepted hypercall changes reg[d], truth[d] or the SID/device association.',
    source: 'S3:212-216',
    on: ['attached'],
    writes: () => policy.reg.all,
    reads: () => ({ phase: policy.phase, reg: policy.reg }),
    when: (before) => before.phase === 'FROZEN',
    holds: (before, after, _, step) => {
      const attached = step.emitted('attached') as unknown as Attached | undefined;
      if (attached) {
        const { smmu, sids } = soc.truth(attached.device);
        return smmu === attached.smmu && sids.has(attached.sid);
      }
      return device.values.every((d) => {
        const [was, is] = [before.reg.at(d), after.reg.at(d)];
        return was === null ? is === null : was.equals(is);
      });
    },
    because: (_before, _after, _, step) =>
      step.emitted('attached') ? 'a device is attached through a stream that is not its own' : 'reg changes',
  });
}

/** P-8: frozen is for good. */
export function freezeIsForGood(m: Builder, { parts: { smmu }, pages, policy }: Frontend): void {
  m.transition('P-8', {
    text: 'phase never goes FROZEN->OPEN; after FROZEN MMIO owner stays HYP.',
    source: 'S3:126-131',
    writes: () => [policy.phase, ...pages.pages],
    reads: () => ({ phase: policy.phase, smmus: pages.smmuPage, mc: pages.mcPage }),
    when: (before, after) => before.phase === 'FROZEN' || after.phase === 'FROZEN',
    holds: (before, after) => {
      if (before.phase === 'OPEN') return true;
      const stays = (was: { owner: string }, is: { owner: string }) => was.owner !== 'HYP' || is.owner === 'HYP';
      return (
        after.phase === 'FROZEN' &&
        stays(before.mc, after.mc) &&
        smmu.values.every((k) => stays(before.smmus.at(k), after.smmus.at(k)))
      );
    },
    because: (_, after) => (after.phase === 'OPEN' ? 'phase goes back to OPEN' : 'the host gets MMIO back'),
  });
}

/** W-38 in the published filter: what it has checked is still so when it forwards the store. */
export function forwardedSidsAreActive(m: Builder, { soc }: Frontend, { sidMap }: PublishedTrap): void {
  m.transition('W-38', {
    text: 'EL2 forwards an override only while sid_map gives its SID to the client (SID 0 aside).',
    source: 'mc_validate_sid_for_client (B11)',
    on: ['MC store forwarded'],
    reads: () => ({ sidMap }),
    holds: (before, _after, _, step) => {
      const { client, write } = step.emitted('MC store forwarded') as unknown as Trapped;
      return write.tag !== 'SID_OVERRIDE' || write.value === '0x00' || before.sidMap.get(write.value) === client;
    },
    because: (_before, _after, _, step) => {
      const { client, write } = step.emitted('MC store forwarded') as unknown as Trapped;
      return `${soc.client.print(client)} gets SID ${String(write.value)}, which is no longer its own`;
    },
  });
}

/** V-1, and what is left of it without fairness. */
export function everyHandlerReturns(m: Builder): void {
  m.returns('V-1', {
    text: 'Every started hypercall eventually returns if SMMUs are powered and the host does not stop scheduling.',
    source: 'rule 2',
  });
  m.wedgeFree('wedge', { text: 'From every reachable state each CPU can return to idle.', source: 'V-1' });
}
