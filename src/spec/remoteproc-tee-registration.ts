/**
 * The client remoteproc_tee (B13): how it gets to know its TEE device (probe, remove), and how the driver of a processor
 * registers with it (register, unregister). No two versions do this alike.
 *
 * v18 has a spinlock. v19 has a mutex, taken interruptibly but in remove. v20 makes the platform devices children of the
 * TEE device, and adds the rproc itself. v22 links the devices again, and closes the context outside its lock. v19's text of register, unregister
 * and remove is v18's, with the changes that S1's list of changes names.
 */
import {
  done,
  fail,
  fragment,
  next,
  type Body,
  type Builder,
  type LocalSorts,
  type Locals,
  type LockedOptions,
  type Node,
  type Var,
} from '../language/index.js';
import type { Devices, PlatformBus } from './driver-core.js';
import type { Rproc } from './remote-processor.js';
import type { ClientVariables, ClientVersion } from './remoteproc-tee.js';
import type { RprocAdd } from './rproc-add.js';
import type { TeeBus, TeeDevice } from './tee-bus.js';

const source = 'drivers/remoteproc/remoteproc_tee.c (B13)';
const notUpstream = 'not upstream';

/** Whether register adds the rproc and unregister deletes it; else the driver of the processor does so itself. */
export const addsRproc = (version: ClientVersion): boolean => version === 'v20' || version === 'v22';

/** Takes ctx_lock. v18's is a spinlock: that can't be interrupted. */
function ctxLock({ lock, version }: ClientVariables, signal: Var<boolean>) {
  return <L extends LocalSorts>(
    h: Body<L>,
    body: Node[],
    how: 'plain' | 'interruptible',
    { label = 'ctx_lock', separate = false } = {},
  ): Node => {
    const interrupts = how === 'interruptible' && version !== 'v18';
    const options: LockedOptions<Locals<L>> = interrupts ? { separate, pending: () => signal } : { separate };
    return h.locked(label, () => lock, body, options);
  };
}

/** Declares what is announced. */
export function registrationEvents(m: Builder, { rproc }: ClientVariables): void {
  m.event('trproc freed', { rproc });
  m.event('trproc used', { rproc });
}

export type ClientRegistration = ReturnType<typeof rprocTeeRegistration>;

/** rproc_tee_register and rproc_tee_unregister. */
export function rprocTeeRegistration(
  client: ClientVariables,
  bus: TeeBus,
  devices: Devices,
  { add, del, free }: RprocAdd,
  signal: Var<boolean>,
) {
  const { rproc, device, dev, teeCtx, listed, trproc, version } = client;
  const locked = ctxLock(client, signal);
  const same = (f: { rproc: Rproc }) => ({ rproc: f.rproc });
  const locals = { rproc, context: bus.Context, device };
  type H = Body<typeof locals>;

  const register = fragment('rproc_tee_register', locals, (h) => {
    const openSession = h.call(bus.openSession, (f) => ({ context: f.context }));
    const closeSession = h.call(bus.closeSession, (f) => ({ context: f.context }));
    const link = h.call(devices.deviceLinkAdd, (f) => ({ rproc: f.rproc, device: f.device }));
    const listAdd = h.step('list_add_tail', {
      fn: 'rproc_tee_register',
      source,
      writes: (f) => ({ listed: listed(f.rproc), trproc: trproc(f.rproc) }),
      run: () => next({ listed: true, trproc: true }),
    });
    const linked: Record<ClientVersion, Node[]> = {
      v18: [link],
      v19: [link],
      v20: [h.call(add, same)],
      v22: [h.call(add, same), h.onFail('rproc_del', [link], [h.call(del, same)])],
      repaired: [
        link,
        h.step('is the supplier here to stay', {
          doc: 'who is being unbound has looked for its consumers already (W-60)',
          source: notUpstream,
          reads: (f) => ({ link: devices.link(f.rproc) }),
          guards: [
            {
              id: 'supplier-stays',
              doc: 'the TEE device is not being unbound',
              source: notUpstream,
              test: (s) => s.link === 'CONSUMER_PROBE',
              else: fail('EPROBE_DEFER'),
            },
          ],
        }),
      ],
    };
    return [
      // Taking the lock is a step of its own: who holds it while it finds no device still makes others wait.
      locked(h, [
        h.step('is dev set', {
          fn: 'rproc_tee_register',
          source,
          reads: () => ({ dev, teeCtx }),
          guards: [
            {
              id: 'dev-is-set',
              doc: 'there is a TEE device',
              source,
              test: (s) => s.dev !== null,
              else: fail(version === 'v20' ? 'ENODEV' : 'EPROBE_DEFER'),
            },
          ],
          run: (s) => next().local({ context: s.teeCtx, ...(s.dev === null ? {} : { device: s.dev }) }),
        }),
        openSession,
        h.onFail('close_session', linked[version], [closeSession]),
        listAdd,
      ], 'interruptible', { separate: true }),
    ];
  }); // prettier-ignore

  const lookUp = (h: H, checksDev: boolean): Node =>
    h.step('look up', {
      fn: 'rproc_tee_unregister',
      source,
      ...(version === 'v18' || version === 'v20' ? { atomic: 'this version looks without the lock' } : {}),
      reads: (f) => ({ dev, teeCtx, listed: listed(f.rproc) }),
      guards: [
        ...(checksDev
          ? [
              {
                id: 'dev-is-set',
                doc: 'there is a TEE device',
                source,
                test: (s: { dev: unknown }) => s.dev !== null,
                else: fail<object>('ENODEV'),
              },
            ]
          : []),
        {
          id: 'is-listed',
          doc: 'it is registered',
          source,
          test: (s: { listed: boolean }) => s.listed,
          else: fail<object>('EINVAL'),
        },
      ],
      run: (s) => next().local({ context: s.teeCtx }),
    });
  const closeSession = (h: H): Node => h.call(bus.closeSession, (f) => ({ context: f.context }));
  /** The entry is looked at once more: which session is to be closed. */
  const useEntry = (h: H): Node =>
    h.step('trproc->session_id', {
      fn: 'rproc_tee_unregister',
      source,
      reads: () => ({ teeCtx }),
      run: (s, f) => next().local({ context: s.teeCtx }).emit('trproc used', { rproc: f.rproc }),
    });
  const listDel = (h: H): Node =>
    h.step('list_del', {
      fn: 'rproc_tee_unregister',
      source,
      writes: (f) => ({ listed: listed(f.rproc) }),
      run: (_, f) => next({ listed: false }).emit('trproc used', { rproc: f.rproc }),
    });
  const kfree = (h: H): Node =>
    h.step('kfree', {
      fn: 'rproc_tee_unregister',
      source,
      writes: (f) => ({ trproc: trproc(f.rproc) }),
      run: (_, f) => next({ trproc: false }).emit('trproc freed', { rproc: f.rproc }),
    });
  const forget = (h: H): Node[] => [useEntry(h), closeSession(h), listDel(h), kfree(h)];

  const unregister = fragment('rproc_tee_unregister', locals, (h) => {
    const inOrder: Record<ClientVersion, () => Node[]> = {
      v18: () => [
        lookUp(h, false),
        locked(h, [useEntry(h), closeSession(h)], 'plain'),
        listDel(h),
        kfree(h),
      ],
      v19: () => [locked(h, [lookUp(h, true), ...forget(h)], 'interruptible')],
      v20: () => [
        lookUp(h, true),
        h.call(del, same),
        h.call(free, same),
        locked(h, forget(h), 'interruptible'),
      ],
      v22: () => [
        locked(h, [lookUp(h, true)], 'interruptible', { label: 'ctx_lock, first' }),
        h.call(del, same),
        locked(h, forget(h), 'interruptible'),
      ],
      repaired: () => [locked(h, [lookUp(h, false), ...forget(h)], 'plain')],
    };
    return inOrder[version]();
  }); // prettier-ignore

  return { register, unregister };
}

/** Which backend a device belongs to, and which one answers when its driver opens a context (SB-3). */
export interface Backends {
  of(device: TeeDevice): string;
  matches(device: TeeDevice): string;
}

/** rproc_tee_probe and rproc_tee_remove: the driver of the TEE device. */
export function rprocTeeDriver(
  { rproc, device, dev, teeCtx, listed, version, ...client }: ClientVariables,
  bus: TeeBus,
  platform: PlatformBus,
  signal: Var<boolean>,
  backends: Backends = { of: () => 'OP-TEE', matches: () => 'OP-TEE' },
) {
  const locked = ctxLock({ rproc, device, dev, teeCtx, listed, version, ...client }, signal);
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
