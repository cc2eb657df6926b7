/**
 * The client remoteproc_tee (B13): the driver of the TEE device. Its probe opens a context and stores it in the one static
 * rproc_tee_ctx, whatever was there (SB-2); its remove closes it. No two versions do this alike.
 */
import { done, fail, fragment, next, type Body, type Node, type Var } from '../language/index.js';
import type { PlatformBus } from './driver-core.js';
import type { ClientVariables, ClientVersion } from './remoteproc-tee.js';
import { ctxLock } from './remoteproc-tee-registration.js';
import type { TeeBus, TeeDevice } from './tee-bus.js';
import type { TeeDriver } from './tee-client-bus.js';

const source = 'drivers/remoteproc/remoteproc_tee.c (B13)';
const notUpstream = 'not upstream';

/** Which backend a device belongs to, and which one answers when its driver opens a context (SB-3). */
export interface Backends {
  of(device: TeeDevice): string;
  matches(device: TeeDevice): string;
}

/** rproc_tee_probe and rproc_tee_remove: the driver of the TEE device. */
export function rprocTeeDriver(
  client: ClientVariables,
  bus: TeeBus,
  platform: PlatformBus,
  signal: Var<boolean>,
  backends: Backends = { of: () => 'OP-TEE', matches: () => 'OP-TEE' },
): TeeDriver {
  const { rproc, device, dev, teeCtx, listed, version } = client;
  const locked = ctxLock(client, signal);
  const locals = { device, context: bus.Context };
  type H = Body<typeof locals>;
  const closeOpened = (h: H): Node => h.call(bus.closeContext, (f) => ({ context: f.context }));

  const setContext = (h: H): Node =>
    h.step('store dev and tee_ctx', {
      fn: 'rproc_tee_probe',
      source: `${source} (S1:113-114)`,
      writes: () => ({ dev, teeCtx }),
      run: (_, f) => next({ dev: f.device, teeCtx: f.context }),
    });
  const initList = (h: H): Node =>
    h.step('INIT_LIST_HEAD', {
      doc: 'whatever was in the list',
      fn: 'rproc_tee_probe',
      source: `${source} (S1:115)`,
      writes: () => ({ listed }),
      run: (s) => next({ listed: rproc.values.reduce((view, r) => view.set(r, false), s.listed) }),
    });
  const clear = (h: H): Node =>
    h.step('dev := NULL, tee_ctx := NULL', {
      fn: version === 'v20' ? 'rproc_tee_probe, rproc_tee_remove' : 'rproc_tee_remove',
      source,
      writes: () => ({ dev, teeCtx }),
      run: () => next({ dev: null, teeCtx: null }),
    });
  const isOurs = (h: H): Node =>
    h.step('which backend', {
      source: notUpstream,
      guards: [
        {
          id: 'is-of-this-backend',
          doc: 'the context would be another backend’s than the device (SB-3)',
          source: notUpstream,
          test: (_, f) => backends.of(f.device) === backends.matches(f.device),
          else: fail('ENODEV'),
        },
      ],
    });
  const noDeviceYet = (h: H): Node =>
    h.step('is there a device', {
      source: notUpstream,
      reads: () => ({ dev }),
      guards: [
        {
          id: 'dev-is-NULL',
          doc: 'the context is one for all, and in use (SB-2)',
          source: notUpstream,
          test: (s) => s.dev === null,
          else: fail('EBUSY'),
        },
      ],
    });

  const addOfNode = (h: H): Node =>
    h.step('device_add_of_node', {
      doc: 'fails where the device tree has no node for it',
      fn: 'rproc_tee_probe: device_add_of_node',
      source,
      run: () => (bus.faults ? [next(), fail('ENODEV')] : next()),
    });

  const probe = fragment('rproc_tee_probe', locals, (h) => {
    const open = h.call(bus.openContext(teeCtx), (f) => ({ device: f.device }), { into: (context) => ({ context }) });
    const closes = (body: Node[]): Node => h.onFail('close', body, [closeOpened(h)]);
    const store = [setContext(h), initList(h)];
    const inOrder: Record<ClientVersion, () => Node[]> = {
      v18: () => [open, locked(h, store, 'plain')],
      v19: () => [open, locked(h, store, 'interruptible')],
      v20: () => [
        open,
        closes([
          locked(h, store, 'interruptible'),
          h.onFail('clear', [addOfNode(h), h.call(platform.populate)], [locked(h, [clear(h)], 'plain', { label: 'ctx_lock, again' })]),
        ]),
      ],
      v22: () => [open, closes([locked(h, [initList(h), addOfNode(h), setContext(h)], 'interruptible')])],
      repaired: () => [isOurs(h), open, closes([locked(h, [noDeviceYet(h), ...store], 'interruptible')])],
    };
    return inOrder[version]();
  }); // prettier-ignore

  const remove = fragment('rproc_tee_remove', locals, (h) => {
    const read = h.step('tee_ctx', {
      fn: 'rproc_tee_remove',
      source,
      reads: () => ({ teeCtx }),
      run: (s) => next().local({ context: s.teeCtx }),
    });
    const close = [read, closeOpened(h)];
    const allLocked = (): Node[] => [locked(h, [...close, clear(h)], 'plain')];
    const inOrder: Record<ClientVersion, () => Node[]> = {
      v18: allLocked,
      v19: allLocked,
      v20: () => [h.call(platform.depopulate), ...allLocked()],
      v22: () => [
        locked(h, [
          h.step('dev := NULL', {
            fn: 'rproc_tee_remove',
            source,
            writes: () => ({ dev }),
            run: () => next({ dev: null }),
          }),
        ], 'interruptible'),
        ...close,
        h.step('tee_ctx := NULL', {
          doc: 'without the lock',
          fn: 'rproc_tee_remove',
          source,
          writes: () => ({ teeCtx }),
          run: () => done('', { teeCtx: null }),
        }),
      ],
      repaired: allLocked,
    };
    return inOrder[version]();
  }); // prettier-ignore

  return { probe, remove };
}
