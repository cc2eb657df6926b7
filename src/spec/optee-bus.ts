/**
 * A second OP-TEE backend beside the one that is there (B14, W-68). Its probe enumerates the TAs that offer themselves as
 * devices, always through the context of the first OP-TEE backend, and registers each under the name optee-ta-<UUID>.
 * Where that fails, it removes every device whose name begins so, whichever backend registered it.
 */
import { bool, fail, fragment, handler, next, type Builder, type Handler } from '../language/index.js';
import type { Devices } from './driver-core.js';
import type { TeeClientBus } from './tee-client-bus.js';

const source = 'drivers/tee/optee/device.c (B14)';

/** `ownOnly`: what a backend removes is what it has registered. Not upstream. */
export function opteeBackend(
  m: Builder,
  { device, present }: Devices,
  bus: TeeClientBus,
  { ownOnly }: { readonly ownOnly: boolean },
) {
  const own = m.family('registered by backend B', [device], bool, false);
  const registered = m.variable('tee_device_register of backend B', bool, false);
  m.explain(own, 'this device was registered by the second OP-TEE backend');
  m.explain(registered, 'the second OP-TEE backend is probed: its probe has begun, and was not undone since');
  m.event('optee-ta device found', { device, removed: bool });

  const enumerate = fragment('optee_enumerate_devices', { device }, (h) => [
    h.each('UUID', 'device', () => device.values, [
      h.call(bus.add, (f) => ({ device: f.device }), { as: 'optee_register_device' }),
      h.step('is its own', {
        fn: 'optee_register_device',
        source,
        writes: (f) => ({ own: own(f.device) }),
        run: () => next({ own: true }),
      }),
    ]),
  ]);

  const unregisterDevices = fragment('optee_unregister_devices', { device }, (h) => [
    h.each('device', 'device', () => device.values, [
      h.attempt('not this one', [
        h.step('is it an optee-ta', {
          doc: 'by name alone',
          fn: 'optee_unregister_devices: __optee_unregister_device',
          source,
          reads: (f) => ({ own: own(f.device), present: present(f.device) }),
          atomic: 'the list of devices is walked under its own lock',
          guards: [{ id: 'is-there', doc: 'it is on the bus', source, test: (s) => s.present, else: fail('ignored') }],
          run: (s, f) => {
            const removed = !ownOnly || s.own;
            const found = { device: f.device, removed };
            return (removed ? next() : fail('ignored')).emit('optee-ta device found', found);
          },
        }),
        h.call(bus.unregister, (f) => ({ device: f.device })),
        h.step('forget it', {
          fn: 'optee_unregister_devices',
          source,
          writes: (f) => ({ own: own(f.device) }),
          run: () => next({ own: false }),
        }),
      ]),
    ]),
  ]);

  const probe: Handler = handler('optee_probe', {}, (h) => [
    h.step('tee_device_register', {
      doc: 'several backends may register (S1:135-137)',
      fn: 'optee_probe: tee_device_register',
      source: 'drivers/tee/optee/smc_abi.c (B14)',
      writes: () => ({ registered }),
      guards: [
        { id: 'is-not-probed', doc: 'it is probed once', source: 'drivers/base/dd.c (B14)', test: (s) => !s.registered, else: fail('EBUSY') },
      ],
      run: () => next({ registered: true }),
    }),
    h.onFail('enumeration failed', [
      h.call(enumerate),
    ], [
      h.call(unregisterDevices),
      h.step('tee_device_unregister', {
        fn: 'optee_probe: tee_device_unregister',
        source: 'drivers/tee/optee/smc_abi.c (B14)',
        writes: () => ({ registered }),
        run: () => next({ registered: false }),
      }),
    ]),
  ]); // prettier-ignore

  return { own, registered, handlers: [probe] };
}
