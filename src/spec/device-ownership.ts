/**
 * Whose each device and each domain is (B10, S3:196-203), and what EL2 asks before it lets somebody program one for the
 * other. The host and a guest make the same hypercalls; each is checked as the caller it is. The seeds require this.
 * Upstream v1..v3 has none of it; Android looks the device up by its stream, and checks it under device_spinlock.
 */
import { enumOf, fail, fragment, next, type Builder, type Fragment, type Lock } from '../language/index.js';
import type { DevicePolicy } from './device-policy.js';
import type { Device, Domain, Parts } from './parts.js';
import type { PageOwnership } from './page-ownership.js';
import type { Platform } from './platform.js';

const source = 'required by S3:188-203 (B10); arch/arm64/kvm/hyp/nvhe/device/device.c';

export type Owner = 'HOST' | 'GUEST';

export type DeviceOwnership = ReturnType<typeof deviceOwnership>;

/** One who makes hypercalls of the IOMMU core, and what is asked of him there. */
export interface Caller {
  /** The host's have the names that they have upstream. */
  name(hypercall: string): string;
  /** A domain that is his; with the reference taken, so that it stays his (Android had it the other way round). */
  readonly checkDomain: Fragment<{ domain: Parts['domain'] }>;
  /** A device that is his, through a stream that is the device's. */
  readonly checkStream: Fragment<{ device: Parts['device']; sid: Parts['sid'] }>;
  /** Makes a new domain his. */
  readonly takeDomain: Fragment<{ domain: Parts['domain'] }>;
  /** A page that is his, and a use of it for DMA. */
  readonly useDma: PageOwnership['useDma'];
  /** Held from the check of the device's owner until the driver is done: no device changes hands meanwhile (W-39). */
  readonly deviceLock: Lock;
}

/**
 * Declares the owners.
 * @param policy what the host has registered of each device; without it, streams are not in question
 */
export function deviceOwnership(
  m: Builder,
  { device, domain, sid }: Parts,
  initial: { device: (d: Device) => Owner; domain: (d: Domain) => Owner },
  policy?: { readonly reg: DevicePolicy['reg']; readonly soc: Platform },
) {
  const Owner = enumOf('HOST', 'GUEST');
  const devOwner = m.family('devOwner', [device], Owner, initial.device);
  const domainOwner = m.family('domainOwner', [domain], Owner, initial.domain);
  const deviceLock = m.lock('device_spinlock', { protects: devOwner.all });
  m.explain(devOwner, 'whose the device is in EL2’s books: only its owner may attach it');
  m.explain(
    domainOwner,
    'whose the domain is in EL2’s books: only its owner may map into it, or attach its own devices to it',
  );
  m.explain(deviceLock, 'protects the owners of devices: held while a device is looked up and programmed');

  const caller = (owner: Owner, useDma: PageOwnership['useDma']): Caller => ({
    name: (hypercall) => (owner === 'HOST' ? hypercall : `guest ${hypercall}`),
    useDma,
    deviceLock,
    checkDomain: fragment('check domain', { domain }, (h) => [
      h.step('check owner', {
        fn: 'domain_get: domain->vm',
        source,
        reads: (f) => ({ domainOwner: domainOwner(f.domain) }),
        guards: [
          {
            id: 'caller-owns-domain',
            doc: 'a domain serves its owner’s devices only',
            source,
            test: (s) => s.domainOwner === owner,
            else: fail('EPERM'),
          },
        ],
      }),
    ]),
    checkStream: fragment('check stream', { device, sid }, (h) => [
      ...(policy
        ? [
            h.step('check registration', {
              fn: 'attach_dev',
              source,
              reads: (f) => ({ reg: policy.reg(f.device) }),
              guards: [
                {
                  id: 'stream-belongs-to-device',
                  doc: 'every call is checked against EL2’s own list (S3:189)',
                  source,
                  test: ({ reg }, f) => reg !== null && reg.sids.has(policy.soc.Sid.values[f.sid]),
                  else: fail('EPERM'),
                },
              ],
            }),
          ]
        : []),
      h.step('check owner', {
        fn: 'pkvm_devices_get_context: dev->ctxt',
        source,
        reads: (f) => ({ devOwner: devOwner(f.device) }),
        guards: [
          {
            id: 'caller-owns-device',
            doc: 'nobody programs the SMMU for a device that is another’s',
            source,
            test: (s) => s.devOwner === owner,
            else: fail('EPERM'),
          },
        ],
      }),
    ]),
    takeDomain: fragment('take domain', { domain }, (h) => [
      h.step('set owner', {
        fn: 'kvm_iommu_alloc_domain: domain->vm',
        source,
        writes: (f) => ({ domainOwner: domainOwner(f.domain) }),
        run: () => next({ domainOwner: owner }),
      }),
    ]),
  });

  return { devOwner, domainOwner, deviceLock, caller };
}
