/** Devices of the host and of a guest (domain brief, section d): what each may reach, and whose domain it is in. */
import type { Builder, StepSeen } from '../language/index.js';
import type { DeviceOwnership, Device, Domain } from '../spec/index.js';
import type { System } from './isolation.js';

/** A system in which devices and domains have owners. */
export interface OwnedSystem extends System {
  readonly owners: DeviceOwnership;
}

/** I-1 and I-2: a device reaches what its owner may reach. */
export function devicesReachTheirOwnersPages(
  m: Builder,
  { parts: { device, page }, pages, hw, owners: { devOwner } }: OwnedSystem,
): void {
  m.invariant('I-1', {
    text: 'For every device d assigned to the host and every page p in reach(d): host(p) is not NOPAGE.',
    source: 'S3:28-38,52-56; v2/v4 cover letters',
    forall: { d: device, p: page },
    reads: ({ d, p }) => ({ owner: devOwner(d), reach: hw.reach(d), own: pages.ownership(p) }),
    when: (s, { p }) => s.owner === 'HOST' && s.reach.has(p),
    holds: (s) => s.own.host !== 'NOPAGE',
    because: (s, { d, p }) => `${device.print(d)} is the host’s, and may reach ${page.print(p)} of ${s.own.owner}`,
  });
  m.invariant('I-2', {
    text: 'For every device d assigned to guest v and every p in reach(d): guest-ok(v,p).',
    source: 'S3:198-203; Android assignment',
    forall: { d: device, p: page },
    reads: ({ d, p }) => ({ owner: devOwner(d), reach: hw.reach(d), own: pages.ownership(p) }),
    when: (s, { p }) => s.owner === 'GUEST' && s.reach.has(p),
    holds: (s) => s.own.guest !== 'NOPAGE',
    because: (s, { d, p }) => `${device.print(d)} is the guest’s, and may reach ${page.print(p)} of ${s.own.owner}`,
  });
}

/** I-7. A page that goes back to the host is in question too: a device of the guest must not reach it any more. */
export function newOwnersPagesAreOutOfOthersReach(
  m: Builder,
  { parts: { device, page }, pages, hw, owners: { devOwner } }: OwnedSystem,
): void {
  m.transition('I-7', {
    text: 'In any step that gives page p to a new owner, p is in no reach set of a device of a different owner.',
    source: 'S3:168',
    forall: { d: device, p: page },
    writes: ({ p }) => [pages.ownership(p)],
    reads: ({ d, p }) => ({ owner: devOwner(d), reach: hw.reach(d), own: pages.ownership(p) }),
    when: (before, after) => after.own.owner !== before.own.owner && after.own.owner !== after.owner,
    holds: (_, after, { p }) => !after.reach.has(p),
    because: (_, after, { d, p }) =>
      `${page.print(p)} goes to ${after.own.owner}, and ${device.print(d)} of ${after.owner} may still reach it`,
  });
}

/** I-16. Nothing is shared by two owners in these scenarios, but EL2 would let it: host-ok and guest-ok both. */
export function ownersDevicesAreApart(
  m: Builder,
  { parts: { device, page }, pages, hw, owners: { devOwner } }: OwnedSystem,
): void {
  const pairs = { d: device, e: device, p: page };
  const owners = (a: Device, b: Device) => ({ a: devOwner(a), b: devOwner(b) });
  m.invariant('I-16', {
    text: 'reach(d) ∩ reach(d′) of devices with different owners contains only pages explicitly shared by both owners.',
    source: 'S3:52-56',
    forall: pairs,
    reads: ({ d, e, p }) => ({ ...owners(d, e), one: hw.reach(d), other: hw.reach(e), own: pages.ownership(p) }),
    when: (s, { d, e }) => d < e && s.a !== s.b && s.one.size > 0 && s.other.size > 0,
    holds: (s, { p }) => !s.one.has(p) || !s.other.has(p) || (s.own.host !== 'NOPAGE' && s.own.guest !== 'NOPAGE'),
    because: (_, { d, e, p }) => `${device.print(d)} and ${device.print(e)} both may reach ${page.print(p)}`,
  });
}

/** I-18, of the stream table in memory: what EL2 has decided. What the SMMU may still hold of it is in reach(d). */
export function devicesAreInTheirOwnersDomains(
  m: Builder,
  { parts: { device, domain, sidOf }, streams, owners: { devOwner, domainOwner } }: OwnedSystem,
): void {
  m.invariant('I-18', {
    text: 'A device attached to a domain is owned by the domain’s owner.',
    source: 'S3:54,56',
    forall: { d: device, dom: domain },
    reads: ({ d, dom }) => ({ ste: streams.ste(sidOf(d)), owner: devOwner(d), domainOwner: domainOwner(dom) }),
    when: (s, { dom }) => s.ste.w0 === 'S2' && s.ste.ttb === dom,
    holds: (s) => s.owner === s.domainOwner,
    because: (s, { d, dom }) =>
      `${device.print(d)} is the ${s.owner.toLowerCase()}’s, and ${domain.print(dom)} the ${s.domainOwner.toLowerCase()}’s`,
  });
}

/**
 * S3-3, the question itself: "host could not reprogram SMMU settings for devices mapped to guest". A guest's hypercalls
 * have names of their own (device-ownership.ts).
 */
export function hostProgramsOnlyItsOwn(
  m: Builder,
  { parts: { device, domain, sidOf }, streams, tables, owners: { devOwner, domainOwner } }: OwnedSystem,
): void {
  const isGuests = ({ action }: StepSeen): boolean => action.startsWith('guest');
  m.transition('S3-3', {
    text: 'No hypercall of the host changes the STE of a guest’s device, or the table of a guest’s domain.',
    source: 'S3:3, 198-203',
    writes: () => [...streams.ste.all, ...tables.table.all],
    reads: () => ({ ste: streams.ste, table: tables.table, devOwner, domainOwner }),
    when: (_before, _after, _, step) => !isGuests(step),
    holds: (before, after) =>
      device.values.every(
        (d) => before.devOwner.at(d) === 'HOST' || before.ste.at(sidOf(d)).equals(after.ste.at(sidOf(d))),
      ) &&
      domain.values.every((d) => before.domainOwner.at(d) === 'HOST' || before.table.at(d).equals(after.table.at(d))),
    because: (_before, _after, _, step) => `the host’s ${step.action.split('/')[0]} changes what is the guest’s`,
  });
}

/** S3-3 for the life of a domain: it ends by its owner's call, or with the guest. */
export function domainsEndByTheirOwners(m: Builder, { parts: { domain }, owners: { domainOwner } }: OwnedSystem): void {
  const freed = (step: StepSeen) => (step.emitted('domain freed') as unknown as { domain: Domain }).domain;
  m.transition('S3-3/free', {
    text: 'free_domain ends a domain of its caller only.',
    source: 'S3:3, 198-203; iommu.c: domain->vm',
    on: ['domain freed'],
    reads: () => ({ domainOwner }),
    when: (_before, _after, _, step) => step.action.includes('free_domain'),
    holds: (before, _after, _, step) =>
      before.domainOwner.at(freed(step)) === (step.action.startsWith('guest') ? 'GUEST' : 'HOST'),
    because: (before, _after, _, step) =>
      `${domain.print(freed(step))} is the ${before.domainOwner.at(freed(step)).toLowerCase()}’s, and ${step.action.split('/')[0]} frees it`,
  });
}
