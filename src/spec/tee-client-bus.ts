/**
 * TEE client devices on their bus (B14): how they come and go, and how root binds and unbinds their driver by sysfs. A
 * driver is unbound only when the drivers of the device's consumers are; device_lock is dropped meanwhile.
 */
import {
  block,
  done,
  fail,
  fragment,
  goto,
  handler,
  next,
  type Fragment,
  type Handler,
  type IndexSort,
} from '../language/index.js';
import { bus, core, dd, inOneStep, mayBeBound, type Devices, type PlatformBus } from './driver-core.js';
import type { TeeBus, TeeDevice } from './tee-bus.js';

type Locals = { device: IndexSort<'tee'>; context: TeeBus['Context'] };
export interface TeeDriver {
  readonly probe: Fragment<Locals>;
  readonly remove: Fragment<Locals>;
}

export type TeeClientBus = ReturnType<typeof teeClientBus>;

/** Binding and unbinding of TEE client devices, and how they come and go. */
export function teeClientBus(
  { device, rproc, tee, present, teeLock, supplier, link, faults }: Devices,
  platform: PlatformBus,
  driver: TeeDriver,
) {
  const same = (f: { device: TeeDevice }) => ({ device: f.device });

  const bind = fragment('device_driver_attach', { device }, (h) => [
    h.locked('device_lock', (f) => teeLock(f.device), [
      h.step('dev->driver := drv', {
        fn: '__driver_probe_device, really_probe',
        source: dd,
        reads: (f) => ({ there: present(f.device) }),
        writes: (f) => ({ status: tee(f.device) }),
        guards: mayBeBound,
        run: () => next({ status: 'PROBING' as const }),
      }),
      h.onFail('probe failed', [
        h.call(driver.probe, same, { as: 'probe' }),
      ], [
        h.step('device_links_no_driver', {
          fn: 'really_probe',
          source: dd,
          writes: (f) => ({ status: tee(f.device) }),
          run: () => next({ status: 'NO_DRIVER' as const }),
        }),
      ]),
      h.step('device_links_driver_bound', {
        fn: 'driver_bound',
        source: dd,
        writes: (f) => ({ status: tee(f.device) }),
        run: () => next({ status: 'BOUND' as const }),
      }),
    ]),
  ]); // prettier-ignore

  const release = fragment('device_release_driver', { device, consumer: rproc }, (h) => [
    h.locked('device_lock', (f) => teeLock(f.device), [
      h.step('device_links_busy', {
        doc: 'busy: device_lock is dropped while the consumers are unbound; then it looks again',
        fn: '__device_release_driver: device_links_busy',
        source: core,
        atomic: inOneStep,
        reads: () => ({ supplier }),
        writes: (f) => ({ status: tee(f.device), link }),
        run: (s, f) => {
          if (s.status === 'NO_DRIVER') return done();
          const links = rproc.values.filter((r) => s.supplier.at(r) === f.device);
          const busy = links.some((r) => s.link.at(r) === 'CONSUMER_PROBE' || s.link.at(r) === 'ACTIVE');
          if (busy) return goto('device_links_unbind_consumers', { status: 'UNBINDING' as const });
          const marked = links.reduce((view, r) => view.set(r, 'SUPPLIER_UNBIND'), s.link);
          return next({ status: 'UNBINDING' as const, link: marked });
        },
      }),
      h.attempt('void', [h.call(driver.remove, same, { as: 'remove' })]),
      h.step('device_links_driver_cleanup', {
        fn: '__device_release_driver',
        source: dd,
        atomic: inOneStep,
        reads: () => ({ supplier }),
        writes: (f) => ({ status: tee(f.device), link }),
        run: (s, f) => {
          const links = rproc.values.filter((r) => s.supplier.at(r) === f.device);
          return done('', {
            status: 'NO_DRIVER' as const,
            link: links.reduce((view, r) => view.set(r, 'DORMANT'), s.link),
          });
        },
      }),
    ]),
    h.step('device_links_unbind_consumers', {
      doc: 'waits while a consumer is being probed',
      fn: 'device_links_unbind_consumers: wait_for_device_probe',
      source: core,
      waits: true,
      fair: 'strong',
      atomic: inOneStep,
      reads: () => ({ supplier }),
      writes: () => ({ link }),
      run: (s, f) => {
        let { link: marked } = s;
        for (const r of rproc.values.filter((one) => s.supplier.at(one) === f.device)) {
          const status = s.link.at(r);
          if (status === 'CONSUMER_PROBE') return block;
          marked = marked.set(r, 'SUPPLIER_UNBIND');
          if (status === 'ACTIVE') return next({ link: marked }).local({ consumer: r });
        }
        return goto('device_lock', { link: marked });
      },
    }),
    h.call(platform.release, (f) => ({ rproc: f.consumer }), { as: 'unbind consumer' }),
    h.step('start again', {
      fn: 'device_links_unbind_consumers',
      source: core,
      forget: ['consumer'],
      run: () => goto('device_links_unbind_consumers'),
    }),
  ]);

  /** A device of this name appears, and gets its driver at once. */
  const add = fragment('device_register', { device }, (h) => [
    h.locked('device_lock', (f) => teeLock(f.device), [
      h.step('device_add', {
        doc: 'two devices of one bus have two names',
        fn: 'device_register: device_add',
        source: core,
        writes: (f) => ({ present: present(f.device) }),
        guards: [
          {
            id: 'name-is-free',
            doc: 'there is no device of this name',
            source: core,
            test: (s) => !s.present,
            else: fail('EEXIST'),
          },
        ],
        run: () => (faults ? [next({ present: true }), fail('ENOMEM')] : next({ present: true })),
      }),
    ]),
    h.attempt('probe', [h.call(bind, same)]),
  ]);

  const unregister = fragment('device_unregister', { device }, (h) => [
    h.locked('device_lock', (f) => teeLock(f.device), [
      h.step('kill_device', {
        fn: 'device_unregister: device_del',
        source: core,
        writes: (f) => ({ present: present(f.device) }),
        run: () => next({ present: false }),
      }),
    ]),
    h.call(release, same),
  ]);

  /** Root binds and unbinds this device. */
  const handlers = (d: TeeDevice): Handler[] => {
    const chosen = () => next().local({ device: d });
    return [
      handler('bind TEE device', { device }, (h) => [
        h.step('bind_store', { fn: 'bind_store', source: bus, run: chosen }),
        h.call(bind, same),
      ]),
      handler('unbind TEE device', { device }, (h) => [
        h.step('unbind_store', { fn: 'unbind_store', source: bus, run: chosen }),
        h.call(release, same),
      ]),
    ];
  };

  return { bind, release, add, unregister, handlers };
}
