/**
 * Binding and unbinding of a TEE client device and of the processors' drivers (domain brief, section d): what is opened is
 * closed, what is freed is not used, and everybody gets to an end.
 */
import type { Builder, Family } from '../language/index.js';
import type {
  Backends,
  ClientVariables,
  CrashWork,
  Devices,
  RemoteprocTa,
  Rproc,
  RprocLife,
  RprocVariables,
  TeeBus,
  TeeDevice,
} from '../spec/index.js';

/** The components that these properties look at. */
export interface BindingSystem {
  readonly bus: TeeBus;
  readonly ta: RemoteprocTa;
  readonly client: ClientVariables;
  readonly devices: Devices;
  readonly life: RprocLife;
}

interface Call {
  readonly context: number | null;
}
type Context = TeeBus['context']['values'][number];
interface OfRproc {
  readonly rproc: Rproc;
}

/** L-8. */
export function nothingClosedIsUsed(m: Builder, { bus, ta }: BindingSystem): void {
  m.transition('L-8', {
    text: 'No TEE call uses a context after tee_client_close_context, nor a session after close_session.',
    source: 'S1:101-119',
    on: ['TEE call', 'TEE session used'],
    reads: () => ({ open: bus.open, sessionIn: bus.sessionIn, session: ta.session }),
    holds: (s, _after, _, step) => {
      const used = step.emitted('TEE session used') as unknown as Call | undefined;
      if (used && !(s.session && s.sessionIn === used.context)) return false;
      const called = step.emitted('TEE call') as unknown as Call | undefined;
      return !called || (called.context !== null && s.open.at(called.context as Context) !== null);
    },
    because: (s, _after, _, step) => {
      const { context } = (step.emitted('TEE call') ?? step.emitted('TEE session used')) as unknown as Call;
      if (context === null) return 'it uses the context NULL';
      return s.open.at(context as Context) === null
        ? `it uses ${bus.context.print(context as Context)}, which is closed`
        : `there is no session in ${bus.context.print(context as Context)}`;
    },
  });
}

/** L-9. */
export function oneSessionForEachEntry(m: Builder, { ta, client, devices }: BindingSystem): void {
  const { rproc } = client;
  m.quiescent('L-9', {
    text: 'Number of open TA sessions = number of list entries = number of registered TEE rprocs ≤ 1 per TA (not multi-session).',
    source: 'TA flags',
    reads: () => ({ session: ta.session, listed: client.listed, platform: devices.platform }),
    holds: (s) => {
      const entries = rproc.values.filter((r) => s.listed.at(r)).length;
      const bound = rproc.values.filter((r) => s.platform.at(r) === 'BOUND').length;
      return entries === bound && entries === (s.session ? 1 : 0);
    },
    because: (s) => {
      const entries = rproc.values.filter((r) => s.listed.at(r)).length;
      const bound = rproc.values.filter((r) => s.platform.at(r) === 'BOUND').length;
      return `${s.session ? 'a session is' : 'no session is'} open, ${entries} listed, ${bound} registered`;
    },
  });
}

/** L-10. */
export function oneContextForEachDevice(m: Builder, { bus, devices }: BindingSystem): void {
  const { device, context } = bus;
  m.quiescent('L-10', {
    text: 'Open TEE contexts of remoteproc_tee = number of bound remoteproc TEE devices (no leak on any failing or interrupted path).',
    source: 'S1:104-111',
    reads: () => ({ open: bus.open, tee: devices.tee }),
    holds: (s) =>
      context.values.filter((c) => s.open.at(c) !== null).length ===
      device.values.filter((d) => s.tee.at(d) === 'BOUND').length,
    because: (s) =>
      `${context.values.filter((c) => s.open.at(c) !== null).length} open, ${device.values.filter((d) => s.tee.at(d) === 'BOUND').length} bound`,
  });
}

/** L-11, whenever nobody holds ctx_lock. `clients`: the context that a device's driver uses, one for all or its own. */
export function contextsBelongToDevices(
  m: Builder,
  { bus, devices }: Pick<BindingSystem, 'bus' | 'devices'>,
  clientOf: (device: TeeDevice) => ClientVariables,
  backends: Backends = { of: () => 'OP-TEE', matches: () => 'OP-TEE' },
): void {
  const { device } = bus;
  m.invariant('L-11', {
    text: 'ctx.dev and ctx.tee belong to the same backend and the same bound device; a second probe fails or is independent.',
    source: 'S1:120-151',
    forall: { d: device },
    reads: ({ d }) => {
      const { dev, teeCtx, lock } = clientOf(d);
      return { dev, teeCtx, lock, open: bus.open, status: devices.tee(d) };
    },
    when: (s, { d }) => s.lock === 0 && (s.dev === d || s.status === 'BOUND'),
    holds: (s, { d }) =>
      s.dev === d &&
      s.status !== 'NO_DRIVER' &&
      s.teeCtx !== null &&
      s.open.at(s.teeCtx) === d &&
      backends.of(d) === backends.matches(d),
    because: (s, { d }) => {
      const name = device.print(d);
      if (s.dev !== d) return `${name} is bound, and ctx.dev is ${s.dev === null ? 'NULL' : device.print(s.dev)}`;
      if (s.status === 'NO_DRIVER') return `ctx.dev is ${name}, which has no driver`;
      if (s.teeCtx === null) return `ctx.dev is ${name}, and there is no context`;
      if (s.open.at(s.teeCtx) === null) return `ctx.dev is ${name}, and its context is closed`;
      return s.open.at(s.teeCtx) === d
        ? `${name} belongs to ${backends.of(d)}, and its context to ${backends.matches(d)}`
        : `ctx.dev is ${name}, and the context was opened for another device`;
    },
  });
}

/** L-12. What a worker has of an rproc is its own reference: see the assumption NOWAIT. */
export function freedOnce(m: Builder, { client, life }: BindingSystem): void {
  m.transition('L-12', {
    text: 'Each trproc/rproc is freed once; none is freed while reachable from a list or a running worker.',
    source: 'unregister',
    on: ['trproc freed', 'trproc used', 'rproc freed'],
    reads: () => ({ trproc: client.trproc, listed: client.listed, alive: life.alive, files: life.files }),
    holds: (s, _after, _, step) => {
      const freed = step.emitted('trproc freed') as unknown as OfRproc | undefined;
      if (freed && (s.listed.at(freed.rproc) || !s.trproc.at(freed.rproc))) return false;
      const used = step.emitted('trproc used') as unknown as OfRproc | undefined;
      if (used && !s.trproc.at(used.rproc)) return false;
      const gone = step.emitted('rproc freed') as unknown as OfRproc | undefined;
      return !gone || (s.alive.at(gone.rproc) && !s.listed.at(gone.rproc) && !s.files.at(gone.rproc));
    },
    because: (s, _after, _, step) => {
      const gone = step.emitted('rproc freed') as unknown as OfRproc | undefined;
      if (gone) {
        if (!s.alive.at(gone.rproc)) return 'the rproc is freed twice';
        return s.files.at(gone.rproc)
          ? 'the rproc is freed, and was not deleted'
          : 'the rproc is freed, and an entry of the list still names it';
      }
      const used = step.emitted('trproc used') as unknown as OfRproc | undefined;
      return used ? 'the entry is used after it was freed' : 'the entry is freed twice, or while it is in the list';
    },
  });
}

/** L-12, for the crash work: it has no reference to the rproc. */
export function crashWorkHasItsRproc(m: Builder, { life }: Pick<BindingSystem, 'life'>, crash: CrashWork): void {
  m.invariant('L-12-work', {
    text: 'Each trproc/rproc is freed once; none is freed while reachable from a list or a running worker; here: from crash work that is queued or runs.',
    source: 'rproc_report_crash',
    forall: { rproc: life.rproc },
    reads: ({ rproc: r }) => ({ pending: crash.pending(r), running: crash.running(r), alive: life.alive(r) }),
    when: (s) => s.pending || s.running,
    holds: (s) => s.alive,
    because: (s) => `the rproc is freed, and its crash work ${s.running ? 'runs' : 'is queued'}`,
  });
}

/** What rproc_del has marked stays so until the next rproc_alloc. */
export function deletedIsTheEnd(
  m: Builder,
  { rprocs, life }: Pick<BindingSystem, 'life'> & { readonly rprocs: RprocVariables },
): void {
  m.transition('deleted', {
    text: 'A processor that is DELETED is in no other state again: nobody boots it, and nobody recovers it.',
    source: 'rproc_boot: DELETED -> -ENODEV (B12); W-62',
    forall: { rproc: life.rproc },
    writes: ({ rproc: r }) => [rprocs.state(r), life.alive(r)],
    reads: ({ rproc: r }) => ({ state: rprocs.state(r), alive: life.alive(r) }),
    when: (s) => s.state === 'DELETED' && s.alive,
    holds: (_, after) => after.state === 'DELETED',
    because: (_, after) => `it was DELETED, and is ${after.state}`,
  });
}

/** P-15. */
export function ctxLockAndRprocLockAreOrdered(m: Builder): void {
  m.lockOrder('P-15', {
    text: 'ctx_lock and rproc->lock are never acquired in both orders.',
    source: 'W-58',
    among: ['ctx_lock', 'rproc->lock'],
  });
}

/** V-5, and V-1 with it: whoever binds, unbinds, starts or stops gets to an end. */
export function unbindCompletes(m: Builder): void {
  m.returns('V-5', { text: 'Unbind/remove eventually completes.', source: 'B14' });
  m.wedgeFree('wedge', { text: 'From every reachable state each task can return to idle.', source: 'V-5' });
}

/** W-68. */
export function backendsRemoveTheirOwn(
  m: Builder,
  { own }: { readonly own: Family<readonly [TeeDevice], boolean> },
): void {
  m.transition('W-68', {
    text: 'A backend removes only the devices that it has registered itself.',
    source: 'W-68; S1:135-151',
    on: ['optee-ta device found'],
    reads: () => ({ own }),
    holds: (s, _after, _, step) => {
      const { device, removed } = step.emitted('optee-ta device found') as unknown as {
        device: TeeDevice;
        removed: boolean;
      };
      return !removed || s.own.at(device);
    },
    because: () => 'the device that goes was registered by the other backend, and its driver is bound',
  });
}
