/**
 * The client remoteproc_tee (B13): how the driver of a processor registers with it. No two versions do this alike.
 *
 * v18 has a spinlock. v19 has a mutex, taken interruptibly but in remove. v20 makes the platform devices children of the
 * TEE device, and adds the rproc itself. v22 links the devices again, and closes the context outside its lock. v19's text of register, unregister
 * and remove is v18's, with the changes that S1's list of changes names.
 */
import {
  fail,
  fragment,
  next,
  optional,
  type Body,
  type Builder,
  type LocalSorts,
  type Locals,
  type LockedOptions,
  type Node,
  type Var,
} from '../language/index.js';
import type { Devices } from './driver-core.js';
import type { Rproc } from './remote-processor.js';
import type { ClientVariables, ClientVersion } from './remoteproc-tee.js';
import type { RprocAdd } from './rproc-add.js';
import type { TeeBus } from './tee-bus.js';

const source = 'drivers/remoteproc/remoteproc_tee.c (B13)';
const notUpstream = 'not upstream';

/** Whether register adds the rproc and unregister deletes it; else the driver of the processor does so itself. */
export const addsRproc = (version: ClientVersion): boolean => version === 'v20' || version === 'v22';

/** Takes ctx_lock. v18's is a spinlock: that can't be interrupted. */
export function ctxLock({ lock, version }: ClientVariables, signal: Var<boolean>) {
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
  const { rproc, dev, teeCtx, listed, trproc, version } = client;
  const locked = ctxLock(client, signal);
  const same = (f: { rproc: Rproc }) => ({ rproc: f.rproc });
  const locals = { rproc, context: bus.Context, device: optional(client.device) };
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
          run: (s) => next().local({ context: s.teeCtx, device: s.dev }),
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
