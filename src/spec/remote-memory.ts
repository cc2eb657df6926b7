/**
 * The remote processor's memory as a page of RAM (B2, B15, B16): the host gives it to the secure world, the TEE puts an
 * image into it, and everybody who has a way to it may store there at any time. There are three ways, each closed by
 * somebody else: the host's CPUs (stage 2), its devices (the SMMU), and both (the TEE's firewall, as far as it goes).
 *
 * The memory of the one processor is the first page, and one region.
 */
import {
  block,
  fail,
  fragment,
  handler,
  next,
  range,
  rule,
  type Builder,
  type Handler,
  type ValueOf,
} from '../language/index.js';
import { handleIsKnown, type memoryHandles } from './ffa-pages.js';
import type { HostStage2 } from './host-stage2.js';
import { check } from './page-ownership.js';
import type { Parts } from './parts.js';
import { remoteProcessors } from './remote-processor.js';
import { remoteprocPta } from './remoteproc-pta.js';
import { Image } from './remoteproc-ta-state.js';
import { remoteprocTa } from './remoteproc-ta.js';
import type { Smmuv3 } from './smmuv3.js';

const source = 'core/mm/mobj_ffa.c in OP-TEE (B16)';
const firewallSource = 'the platform’s firewall (B16): not there as published for STM32MP15';

/** Whose accesses the firewall stops while it is closed: nobody's, those of the host's CPUs, or those of its devices too. */
export const firewalls = ['none', 'CPUs', 'all masters'] as const;

export type RemoteMemory = ReturnType<typeof remoteMemory>;

/** Declares the processor, the TEE, and what the TEE does with pages that it is lent. A session is open from the start. */
export function remoteMemory(
  m: Builder,
  { page, cpus }: Pick<Parts, 'page' | 'cpus'>,
  handle: ReturnType<typeof memoryHandles>,
  firewall: (typeof firewalls)[number],
) {
  const remote = remoteProcessors(m, { rprocs: 1, regions: 1 }, firewall === 'none' ? 'none' : 'on demand');
  const ta = remoteprocTa(m, remote, remoteprocPta(m, remote, false), { faults: false });
  const rproc = remote.rproc.of(0);
  const place = page.of(0);
  const { Memory } = remote;
  const memory = remote.memory(rproc);
  const closed = remote.closed(rproc);
  const state = ta.state(rproc);

  /** LOAD_FWs in flight that hold the memory object. Later, an image that is loaded holds it. */
  const users = m.variable('memory object users', range(0, cpus), 0);
  const shmLock = m.lock('shm_lock', { protects: [users] });
  m.explain(
    users,
    'LOAD_FW calls under way that hold the memory object of the page; an image that is loaded holds it too, and is not counted',
  );
  m.explain(shmLock, 'OP-TEE’s lock for that count');

  const setFirewall = (to: boolean) =>
    fragment(to ? 'close firewall' : 'open firewall', { page }, (h) => [
      h.step('write firewall', {
        doc: to ? 'before the page counts as the secure world’s' : 'nothing of the TEE is in the page any more',
        source: firewallSource,
        writes: () => ({ closed }),
        run: (s, f) => next({ closed: f.page === place ? to : s.closed }),
      }),
    ]);

  /** How the secure world takes a page that it is given. */
  const takes = firewall === 'none' ? undefined : setFirewall(true);

  /** How it gives the page back: it forgets it, so that nobody loads into it any more, and clears it. */
  const releases = fragment('secure world releases page', { page }, (h) => [
    h.locked('shm_lock', () => shmLock, [
      h.step('drop memory object', {
        fn: 'mobj_ffa_unregister_by_cookie',
        source,
        reads: (_) => ({ users, state }),
        writes: (f) => ({ handle: handle(f.page) }),
        guards: [
          handleIsKnown,
          check<{ readonly users: number; readonly state: string }>(
            'not-in-use',
            'the memory of an image that is being loaded, is loaded or runs stays where it is',
            'EBUSY',
            (s, f) => f.page !== place || (s.users === 0 && s.state === 'OFF'),
            source,
          ),
        ],
        run: () => next({ handle: false }),
      }),
    ]),
    h.step('clear memory', {
      doc: 'STOP has left the image there',
      fn: 'stm32_rproc_clean_up_memories',
      source: 'required by I-12',
      writes: () => ({ memory }),
      run: (s, f) => next({ memory: f.page === place ? Memory.fill('ZERO') : s.memory }),
    }),
    ...(firewall === 'none' ? [] : [h.call(setFirewall(false), (f) => ({ page: f.page }))]),
  ]); // prettier-ignore

  const load: Handler = handler('LOAD_FW', { image: Image }, (h) => [
    h.step('name image', {
      doc: 'the host’s to name',
      source: 'T3',
      run: () => (['A', 'UNSIGNED'] as const).map((image) => next().local({ image })),
    }),
    h.locked('shm_lock', () => shmLock, [
      h.step('get memory object', {
        doc: 'an image is loaded into memory of the secure world only',
        fn: 'mobj_ffa_get_by_cookie',
        source: `${source}; required by I-10`,
        reads: () => ({ handle: handle(place) }),
        writes: () => ({ users }),
        guards: [
          {
            id: 'memory-is-lent',
            doc: 'the secure world has been given the memory, and has not given it back',
            source: 'required by I-10',
            test: (s) => s.handle,
            else: fail('ACCESS_DENIED'),
          },
        ],
        run: (s) => next({ users: s.users + 1 }),
      }),
    ]),
    h.call(ta.load, (f) => ({ rproc, image: f.image })),
    h.locked('shm_lock again', () => shmLock, [
      h.step('put memory object', {
        doc: 'where it was loaded, the image holds it from here on',
        fn: 'mobj_put',
        source,
        writes: () => ({ users }),
        run: (s) => next({ users: s.users - 1 }),
      }),
    ]),
  ], { source: 'ta/remoteproc/src/remoteproc_core.c (B15)' }); // prettier-ignore

  const command = ({ name }: { readonly name: string }, call: typeof ta.start): Handler =>
    handler(name, {}, (h) => [h.call(call, () => ({ rproc }))], { source: 'T3' });
  const commands = [load, command(ta.start, ta.start), command(ta.stop, ta.stop), command(ta.release, ta.release)];

  return { remote, ta, place, memory, closed, state, firewall, takes, releases, commands };
}

/** A store makes the memory something that nobody has signed. */
const spoilt = ({ Memory }: RemoteMemory['remote'], content: ValueOf<RemoteMemory['remote']['Memory']>) =>
  content.includes('BAD') ? block : next({ memory: Memory.fill('BAD') });

/** The host's CPUs store at any time that stage 2 and the firewall leave them (T1). */
export function hostCpuStores(m: Builder, { remote, place, memory, closed }: RemoteMemory, stage2: HostStage2): void {
  const store = rule('store to remote memory', {
    doc: 'host.write of B16',
    source: 'T1',
    fair: 'none',
    reads: () => ({ mapped: stage2.mapped(place), closed }),
    writes: () => ({ memory }),
    run: (s) => (s.mapped && !s.closed ? spoilt(remote, s.memory) : block),
  });
  m.hardware('EL1', [store]);
}

/** A device writes at any time that its reach leaves it, and the firewall if that looks at devices. */
export function deviceStores(
  m: Builder,
  { device }: Parts,
  { remote, place, memory, closed, firewall }: RemoteMemory,
  { reach }: Pick<Smmuv3, 'reach'>,
): void {
  for (const d of device.values) {
    const store = rule('DMA to remote memory', {
      doc: 'any address that it reaches',
      source: 'B7: mayReach',
      fair: 'none',
      reads: () => ({ reach: reach(d), closed }),
      writes: () => ({ memory }),
      run: (s) => (s.reach.has(place) && !(s.closed && firewall === 'all masters') ? spoilt(remote, s.memory) : block),
    });
    m.hardware(device.print(d), [store]);
  }
}
