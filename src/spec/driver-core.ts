/**
 * The driver core (B14): how root binds and unbinds drivers by sysfs, and what managed device links do. Two kinds of
 * devices: TEE client devices, which supply, and the platform devices of the remote processors, which consume.
 *
 * A supplier's driver is unbound only when the drivers of its consumers are. Its device_lock is dropped meanwhile.
 * What remove() returns is of no interest to anybody: no error comes out of it.
 */
import {
  bool,
  done,
  enumOf,
  fail,
  fragment,
  handler,
  next,
  optional,
  type Builder,
  type Fragment,
  type Handler,
  type IndexSort,
} from '../language/index.js';
import type { Rproc } from './remote-processor.js';

export const core = 'drivers/base/core.c (B14)';
export const dd = 'drivers/base/dd.c (B14)';
export const bus = 'drivers/base/bus.c (B14)';
export const inOneStep = 'under device_links_lock, which nobody holds for longer';

/** dev->driver and dev->links.status together. */
export const DriverStatus = enumOf('NO_DRIVER', 'PROBING', 'BOUND', 'UNBINDING');
/** DORMANT stands for AVAILABLE too: neither keeps anybody from unbinding. */
export const LinkStatus = enumOf('CONSUMER_PROBE', 'ACTIVE', 'SUPPLIER_UNBIND', 'DORMANT');

export interface PlatformDriver {
  readonly probe: Fragment<{ rproc: IndexSort<'rproc'> }>;
  readonly remove: Fragment<{ rproc: IndexSort<'rproc'> }>;
}

/** What a new link to a supplier of this status is. */
const initialLink = {
  NO_DRIVER: 'DORMANT',
  PROBING: 'CONSUMER_PROBE',
  BOUND: 'CONSUMER_PROBE',
  UNBINDING: 'SUPPLIER_UNBIND',
} as const;

export type Devices = ReturnType<typeof devices>;

/** Declares the devices with their locks and links. */
export function devices(
  m: Builder,
  { device, rproc }: { device: IndexSort<'tee'>; rproc: IndexSort<'rproc'> },
  { faults, populates }: { readonly faults: boolean; readonly populates: boolean },
) {
  const tee = m.family('TEE driver', [device], DriverStatus, 'NO_DRIVER');
  const present = m.family('TEE device', [device], bool, true);
  const teeLock = m.locks('device_lock(TEE)', device, (d) => ({ kind: 'mutex', protects: [tee(d), present(d)] }));
  const platform = m.family('platform driver', [rproc], DriverStatus, 'NO_DRIVER');
  const exists = m.family('platform device', [rproc], bool, !populates);
  const platformLock = m.locks('device_lock(platform)', rproc, (r) => ({
    kind: 'mutex',
    protects: [platform(r), exists(r)],
  }));
  /** The supplier of each platform device, and what the link to it is. Without one, ACTIVE means nothing. */
  const supplier = m.family('device link', [rproc], optional(device), null);
  const link = m.family('link status', [rproc], LinkStatus, 'ACTIVE');
  m.explain(
    tee,
    'dev->driver of the TEE client device: whether a driver is bound, and whether its probe or remove is under way',
  );
  m.explain(present, 'the TEE client device is registered on its bus');
  m.explain(teeLock, 'device_lock of the TEE client device: held for its probe and remove');
  m.explain(
    platform,
    'dev->driver of the processor’s platform device: whether a driver is bound, and whether its probe or remove is under way',
  );
  m.explain(exists, 'the platform device of the processor is registered');
  m.explain(platformLock, 'device_lock of the platform device: held for its probe and remove');
  m.explain(
    supplier,
    'the TEE device that supplies this platform device by a managed device link; null if there is no link',
  );
  m.explain(
    link,
    'status of that link: it says whose driver has to go first, and means nothing while there is no link',
  );

  const deviceLinkAdd = fragment('device_link_add', { rproc, device: optional(device) }, (h) => [
    h.step('device_link_add', {
      doc: 'for a supplier that is being unbound the link is there, and says so; the consumer is not told',
      fn: 'device_link_add: device_link_init_status',
      source: core,
      sleeps: true,
      atomic: inOneStep,
      reads: () => ({ tee }),
      writes: (f) => ({ supplier: supplier(f.rproc), link: link(f.rproc) }),
      run: (s, f) => {
        if (f.device === null) return fail('EINVAL');
        const added = next({ supplier: f.device, link: initialLink[s.tee.at(f.device)] });
        return faults ? [added, fail('EINVAL')] : added;
      },
    }),
  ]);

  const drop = { supplier: null, link: 'ACTIVE' as const };
  const deviceLinkDel = fragment('device_link_del', { rproc }, (h) => [
    h.step('device_link_del', {
      fn: 'device_link_del',
      source: core,
      atomic: inOneStep,
      writes: (f) => ({ supplier: supplier(f.rproc), link: link(f.rproc) }),
      run: () => next(drop),
    }),
  ]);

  return { device, rproc, tee, present, teeLock, platform, exists, platformLock, supplier, link, drop, deviceLinkAdd, deviceLinkDel, faults }; // prettier-ignore
}

/** What the driver core asks of a device before it calls a driver's probe. */
export const mayBeBound = [
  {
    id: 'device-is-there',
    doc: 'a device that is deleted gets no driver',
    source: dd,
    test: (s: { there: boolean }) => s.there,
    else: fail('ENODEV'),
  },
  {
    id: 'has-no-driver',
    doc: 'one driver for each device',
    source: dd,
    test: (s: { status: string }) => s.status === 'NO_DRIVER',
    else: fail('EBUSY'),
  },
];

export type PlatformBus = ReturnType<typeof platformBus>;

/** Binding and unbinding of platform devices. In v20 the TEE device's driver creates and deletes them. */
export function platformBus(
  { rproc, platform, exists, platformLock, supplier, link, drop, faults }: Devices,
  driver: PlatformDriver,
) {
  const same = (f: { rproc: Rproc }) => ({ rproc: f.rproc });

  const bind = fragment('device_driver_attach', { rproc }, (h) => [
    h.locked('device_lock', (f) => platformLock(f.rproc), [
      h.step('dev->driver := drv', {
        fn: '__driver_probe_device, really_probe',
        source: dd,
        reads: (f) => ({ there: exists(f.rproc) }),
        writes: (f) => ({ status: platform(f.rproc) }),
        guards: mayBeBound,
        run: () => next({ status: 'PROBING' as const }),
      }),
      h.onFail('probe failed', [
        h.call(driver.probe, same, { as: 'probe' }),
      ], [
        h.step('device_links_no_driver', {
          fn: 'really_probe',
          source: dd,
          atomic: inOneStep,
          writes: (f) => ({ status: platform(f.rproc), supplier: supplier(f.rproc), link: link(f.rproc) }),
          run: () => next({ status: 'NO_DRIVER' as const, ...drop }),
        }),
      ]),
      h.step('device_links_driver_bound', {
        doc: 'a link that is not CONSUMER_PROBE is a WARN, and becomes ACTIVE',
        fn: 'driver_bound',
        source: dd,
        atomic: inOneStep,
        writes: (f) => ({ status: platform(f.rproc), link: link(f.rproc) }),
        run: () => next({ status: 'BOUND' as const, link: 'ACTIVE' as const }),
      }),
    ]),
  ]); // prettier-ignore

  const release = fragment('device_release_driver', { rproc }, (h) => [
    h.locked('device_lock', (f) => platformLock(f.rproc), [
      h.step('dev->driver', {
        fn: '__device_release_driver',
        source: dd,
        reads: (f) => ({ status: platform(f.rproc) }),
        run: (s) => (s.status === 'NO_DRIVER' ? done() : next()),
      }),
      h.call(driver.remove, same, { as: 'remove' }),
      h.step('device_links_driver_cleanup', {
        doc: 'DL_FLAG_AUTOREMOVE_CONSUMER: the link goes with the consumer’s driver',
        fn: '__device_release_driver',
        source: dd,
        atomic: inOneStep,
        writes: (f) => ({ status: platform(f.rproc), supplier: supplier(f.rproc), link: link(f.rproc) }),
        run: () => next({ status: 'NO_DRIVER' as const, ...drop }),
      }),
    ]),
  ]);

  /** For v20: the platform devices are children of the TEE device. A probe that fails is no failure of populate. */
  const populate = fragment('of_platform_populate', { rproc }, (h) => [
    h.each('child', 'rproc', () => rproc.values, [
      h.step('device_add', {
        fn: 'of_platform_populate: device_add',
        source: 'drivers/of/platform.c',
        sleeps: true,
        atomic: 'nobody else knows it yet',
        writes: (f) => ({ exists: exists(f.rproc) }),
        run: () => (faults ? [next({ exists: true }), fail('ENOMEM')] : next({ exists: true })),
      }),
      h.attempt('probe', [h.call(bind, same)]),
    ]),
  ]);

  const depopulate = fragment('of_platform_depopulate', { rproc }, (h) => [
    h.each('child', 'rproc', () => rproc.values, [
      h.locked('device_lock', (f) => platformLock(f.rproc), [
        h.step('kill_device', {
          fn: 'of_platform_depopulate: device_del',
          source: core,
          writes: (f) => ({ exists: exists(f.rproc) }),
          run: () => next({ exists: false }),
        }),
      ]),
      h.call(release, same),
    ]),
  ]);

  /** Root binds and unbinds this processor's device. */
  const handlers = (r: Rproc): Handler[] => {
    const chosen = () => next().local({ rproc: r });
    return [
      handler('bind platform device', { rproc }, (h) => [
        h.step('bind_store', { fn: 'bind_store', source: bus, run: chosen }),
        h.call(bind, same),
      ]),
      handler('unbind platform device', { rproc }, (h) => [
        h.step('unbind_store', { fn: 'unbind_store', source: bus, run: chosen }),
        h.call(release, same),
      ]),
    ];
  };

  return { bind, release, populate, depopulate, handlers };
}
