/**
 * The remote processors and their memory (B16). A processor runs whatever is in its memory. On STM32MP15 that memory is
 * plain memory of the normal world: EL1 can store to it at any time, also behind the authentication (W-55).
 *
 * A region stands for the place of one segment: each signed image has one segment for each region.
 */
import {
  block,
  bool,
  enumOf,
  index,
  next,
  rule,
  set,
  vector,
  type Builder,
  type Family,
  type Index,
  type Rule,
  type ValueOf,
} from '../language/index.js';

const source = 'STM32MP1 reference manual; drivers/remoteproc/stm32_remoteproc.c in OP-TEE (B16)';

export type Rproc = Index<'rproc'>;
export type Region = Index<'region'>;

/** Firmware with a valid signature. */
export const Signed = enumOf('A', 'B');
export type SignedImage = ValueOf<typeof Signed>;
/** What a region holds: the segment of a signed image that belongs there, some of it (PART), or anything else (BAD). */
export const Content = enumOf('ZERO', ...Signed.values, 'PART', 'BAD');

/** RESET: held in reset. HUNG: its firmware has crashed, and it is not yet in reset. */
export const Processor = enumOf('RESET', 'RUN', 'HUNG');

/**
 * Whether a firewall keeps EL1 away from the memory: never, always, or from LOAD_FW until the memory is cleared.
 * Nothing of this kind is in the published code: the driver says so in its log.
 */
export type Firewall = 'none' | 'always' | 'on demand';

export interface RemoteSizes {
  readonly rprocs: number;
  /** Regions of each processor: segments of each image. */
  readonly regions: number;
}

export type RemoteProcessors = ReturnType<typeof remoteProcessors>;

/** Declares the processors, and what they do by themselves. */
export function remoteProcessors(m: Builder, sizes: RemoteSizes, firewall: Firewall) {
  const rproc = index('rproc', sizes.rprocs);
  const region = index('region', sizes.regions);
  const Regions = set(region);
  const Memory = vector(region, Content);

  const memory = m.family('memory', [rproc], Memory, Memory.fill('ZERO'));
  const processor = m.family('processor', [rproc], Processor, 'RESET');
  const closed = m.family('firewall closed', [rproc], bool, firewall === 'always');
  m.explain(
    memory,
    'what the memory of the processor holds, by region: zeroes, the right segment of the signed image A or B, a PART of one, or anything else (BAD)',
  );
  m.explain(processor, 'the processor itself: held in reset, running what is in its memory, or hung after a crash');
  m.explain(closed, 'the TEE’s firewall keeps EL1 from storing to the processor’s memory');

  m.event('memory changed', { rproc, regions: Regions, by: enumOf('EL1', 'PTA') });
  m.event('executed', { rproc });

  const execute = (r: Rproc): Rule =>
    rule('execute', {
      doc: 'it runs what is there, whoever put it there',
      source,
      reads: () => ({ processor: processor(r) }),
      run: (s) => (s.processor === 'RUN' ? next().emit('executed', { rproc: r }) : block),
    });
  for (const r of rproc.values) m.hardware(rproc.print(r), [execute(r)]);

  return { rproc, region, Regions, Memory, memory, processor, closed, firewall };
}

/** EL1 stores to the memory of a processor whenever no firewall stops it (T1). For HOSTILE scenarios. */
export function hostStores(m: Builder, { rproc, region, Regions, memory, closed }: RemoteProcessors): void {
  const store = (r: Rproc): Rule =>
    rule(`store to memory of ${rproc.print(r)}`, {
      doc: 'host.write of B16: any byte but the right one',
      source: 'T1, T5',
      fair: 'none',
      reads: () => ({ closed: closed(r) }),
      writes: () => ({ memory: memory(r) }),
      run: (s) =>
        s.closed
          ? block
          : region.values
              .filter((g) => s.memory.get(g) !== 'BAD')
              .map((g) =>
                next({ memory: s.memory.set(g, 'BAD') }).emit('memory changed', {
                  rproc: r,
                  regions: Regions.make([g]),
                  by: 'EL1',
                }),
              ),
    });
  m.hardware('EL1', rproc.values.map(store));
}

/**
 * Firmware that crashes: a watchdog interrupts Linux, which clears `pending` when it starts to handle it.
 * Only for scenarios that recover. `requested`: whether anybody listens to the interrupt; without it, always.
 */
export function crashes(
  m: Builder,
  { rproc, processor }: RemoteProcessors,
  requested?: Family<readonly [Rproc] & readonly number[], boolean>,
) {
  const pending = m.family('crash interrupt', [rproc], bool, false);
  m.explain(pending, 'the watchdog has raised its interrupt, and Linux has not begun to handle it');
  const crash = (r: Rproc): Rule =>
    rule(`crash ${rproc.print(r)}`, {
      doc: 'rp.crash of B16',
      source,
      fair: 'none',
      reads: () => ({ ...(requested && { requested: requested(r) }) }),
      writes: () => ({ processor: processor(r), pending: pending(r) }),
      run: (s) => {
        if (s.processor !== 'RUN') return block;
        const interrupts = !requested || s.requested;
        return next({ processor: 'HUNG' as const, ...(interrupts && { pending: true }) });
      },
    });
  m.hardware('watchdog', rproc.values.map(crash));
  return { pending };
}
