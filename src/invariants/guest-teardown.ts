/** A device that was a guest's, and the guest's pages (domain brief, section d): what is left of the guest in them. */
import type { Builder, FamilyView } from '../language/index.js';
import type { AssignedGuest, DeviceAssignment, Domain, Owner } from '../spec/index.js';
import type { OwnedSystem } from './device-assignment.js';

/** A system with one guest that a device can be assigned to. */
export interface AssignmentSystem extends OwnedSystem {
  readonly guest: AssignedGuest;
  readonly assignment: DeviceAssignment;
}

/** I-12, of pages and of devices: what a guest wrote, the host can't get at. */
export function secretsStayWithTheGuest(
  m: Builder,
  { parts: { page, device }, pages, guest, owners: { devOwner } }: AssignmentSystem,
): void {
  m.invariant('I-12', {
    text: 'A page that changes owner carries no secret of the previous owner readable by the new one.',
    source: 'reclaim poison',
    forall: { p: page },
    reads: ({ p }) => ({ own: pages.ownership(p), secret: guest.secret(p) }),
    when: (s) => s.secret,
    holds: ({ own }) => own.host === 'NOPAGE',
    because: (_, { p }) => `${page.print(p)} is the host’s, and holds a secret of the guest`,
  });
  m.invariant('I-12-device', {
    text: 'A device that goes back to the host carries no secret of the guest.',
    source: 'B10: reset',
    forall: { d: device },
    reads: ({ d }) => ({ owner: devOwner(d), secret: guest.deviceSecret(d) }),
    when: (s) => s.secret,
    holds: (s) => s.owner === 'GUEST',
    because: (_, { d }) => `${device.print(d)} is the host’s, and holds a secret of the guest`,
  });
}

/** L-15: the state in the end, and in which order it comes about. */
export function devicesComeBackClean(
  m: Builder,
  { parts: { device, domain, sidOf, smmuOf }, streams, hw, guest, owners: { devOwner, domainOwner } }: AssignmentSystem,
): void {
  const held = m.derived(
    'what each SMMU may hold of each VMID',
    Object.fromEntries(
      device.values.flatMap((d) => domain.values.map((v) => [`${d} ${v}`, hw.mayHold(smmuOf(d), v)] as const)),
    ),
    (seen) => new Map(Object.entries(seen).map(([key, some]) => [key, (some as Set<number>).size])),
  );
  const guests = (owner: FamilyView<readonly [Domain] & readonly number[], Owner>) =>
    domain.values.filter((v) => owner.at(v) === 'GUEST');

  m.quiescent('L-15', {
    text: 'Device assignment: devOwner=GUEST only while that guest exists; after guest teardown STE invalid, no may-TLB entry of its VMID, then owner HOST.',
    source: 'Android assignment',
    forall: { d: device },
    reads: ({ d }) => ({ vm: guest.vm, owner: devOwner(d), domainOwner, ste: streams.ste(sidOf(d)), held }),
    when: (s) => s.vm === 'GONE',
    holds: (s, { d }) =>
      s.owner === 'HOST' &&
      guests(s.domainOwner).every((v) => (s.ste.w0 !== 'S2' || s.ste.ttb !== v) && s.held.get(`${d} ${v}`) === 0),
    because: (s, { d }) =>
      s.owner === 'GUEST'
        ? `the guest is gone, and ${device.print(d)} is still its`
        : `the guest is gone, and something of its VMID is still in the STE of ${device.print(d)} or in the TLB`,
  });
  m.transition('L-15-order', {
    text: 'A device goes back to the host only after its STE is invalid and no entry of its guest’s VMID may be cached.',
    source: 'B10: block DMA, TLBI, then HOST',
    forall: { d: device },
    writes: ({ d }) => [devOwner(d)],
    reads: ({ d }) => ({ owner: devOwner(d), domainOwner, config: streams.mayConfig(sidOf(d)), held }),
    when: (before, after) => before.owner === 'GUEST' && after.owner === 'HOST',
    holds: (before, _, { d }) =>
      before.config.walks.length === 0 && guests(before.domainOwner).every((v) => before.held.get(`${d} ${v}`) === 0),
    because: (before, _, { d }) =>
      before.config.walks.length > 0
        ? `${device.print(d)} goes back to the host, and its STE may still translate`
        : `${device.print(d)} goes back to the host, and the TLB may hold entries of the guest’s VMID`,
  });
}

/** B10: while it is the guest's, the host can't program the device. */
export function hostCannotProgramGuestsDevices(
  m: Builder,
  { parts: { device }, assignment, owners: { devOwner } }: AssignmentSystem,
): void {
  m.invariant('MMIO', {
    text: 'The registers of a device that is a guest’s are not mapped by the host.',
    source: 'B10; T2',
    forall: { d: device },
    reads: ({ d }) => ({ owner: devOwner(d), mmio: assignment.mmio(d) }),
    when: (s) => s.owner === 'GUEST',
    holds: (s) => s.mmio !== 'HOST',
    because: (_, { d }) => `${device.print(d)} is the guest’s, and the host can program it`,
  });
}
