/**
 * Crashes of a processor whose driver comes and goes (B12, B14): the watchdog's interrupt queues the crash work, and the work
 * takes no reference to the rproc. Upstream nothing cancels it, and the interrupt is a managed resource: it is freed after
 * remove.
 */
import { block, bool, fragment, next, type Builder } from '../language/index.js';
import { crashes, type RemoteProcessors } from './remote-processor.js';

export type CrashWork = ReturnType<typeof crashWork>;

/** Declares the interrupt and the work, with what a driver does about them. */
export function crashWork(m: Builder, remote: RemoteProcessors) {
  const { rproc } = remote;
  const irq = m.family('watchdog interrupt requested', [rproc], bool, false);
  /** The interrupt and what it does are one: the work is queued. */
  const { pending } = crashes(m, remote, irq);
  const running = m.family('crash work runs', [rproc], bool, false);
  m.explain(irq, 'Linux listens to the watchdog’s interrupt: it is requested, and not yet freed');
  m.explain(running, 'the crash work of this processor is queued or runs; it holds no reference to the rproc');

  const requestIrq = fragment('devm_request_irq', { rproc }, (h) => [
    h.step('devm_request_irq', {
      fn: 'stm32_rproc_probe: devm_request_irq',
      source: 'drivers/remoteproc/stm32_rproc.c (B13)',
      writes: (f) => ({ irq: irq(f.rproc) }),
      run: () => next({ irq: true }),
    }),
  ]);

  const freeIrq = fragment('free_irq', { rproc }, (h) => [
    h.step('free_irq', {
      fn: 'devres_release_all: free_irq',
      source: 'drivers/base/devres.c',
      sleeps: true,
      writes: (f) => ({ irq: irq(f.rproc) }),
      run: () => next({ irq: false }),
    }),
  ]);

  const cancel = fragment('cancel_work_sync', { rproc }, (h) => [
    h.step('cancel_work_sync', {
      doc: 'takes it off the queue, and waits until it does not run',
      fn: 'cancel_work_sync',
      source: 'not upstream',
      sleeps: true,
      waits: true,
      atomic: 'both are of one work item',
      reads: (f) => ({ running: running(f.rproc) }),
      writes: (f) => ({ pending: pending(f.rproc) }),
      run: (s) => (s.running ? block : next({ pending: false })),
    }),
  ]);

  return { irq, pending, running, requestIrq, freeIrq, cancel };
}
