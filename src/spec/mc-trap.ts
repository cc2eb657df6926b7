/**
 * EL1's stores to the memory controller (B11). While the host's stage-2 maps the page, a store goes to the register:
 * that is tegra186_mc_client_sid_override at probe_finalize, and whatever else a hostile EL1 writes. Where the host's
 * stage-2 does not map it, the same store traps, and EL2 checks it and forwards it: two steps, with a window between
 * them (W-38).
 *
 * `el1Store` is a filter that holds: a write goes through if the client can then present only its device's SIDs. It
 * looks at both registers of the client, so it needs a lock. The published filter is in mc-published.ts.
 */
import {
  done,
  handler,
  next,
  type Body,
  type Builder,
  type GuardSpec,
  type Handler,
  type Node,
  type Seen,
} from '../language/index.js';
import type { DevicePolicy } from './device-policy.js';
import { stored, type MemoryController, type McWrite } from './memory-controller.js';
import type { Mmio } from './mmio.js';
import type { Client, Platform } from './platform.js';

const source = 'required by S3:74-78 (B11)';
const published = 'drivers/iommu/arm/arm-smmu/pkvm/tegra234-mc.c (B11)';

export type McTrap = ReturnType<typeof mcTrap>;

export interface Trapped {
  readonly client: Client;
  readonly write: McWrite;
}

/** The handlers, over the components that they use. */
export function mcTrap(m: Builder, soc: Platform, pages: Mmio, mc: MemoryController, { reg }: DevicePolicy) {
  const { client, deviceOf } = soc;
  const { registers, presented, Write, writes } = mc;
  m.event('MC store forwarded', { client, write: Write });
  const locals = { client, write: Write };
  const anyStore = client.values.flatMap((c) => writes.map((write) => ({ client: c, write })));

  const str = (h: Body<typeof locals>): Node =>
    h.step('str', {
      doc: 'any register, any value: to the register where stage-2 maps it, else a trap to EL2',
      fn: 'tegra186_mc_client_sid_override: writel',
      source: 'drivers/memory/tegra/tegra186.c (B11)',
      atomic: 'one store: the stage-2 walk and the write on the bus are one access',
      reads: () => ({ page: pages.mcPage }),
      writes: () => ({ registers }),
      run: (s) =>
        s.page.hostMaps
          ? anyStore.map(({ client: c, write }) =>
              done('', { registers: s.registers.set(c, stored(s.registers.at(c), write)) }),
            )
          : next(),
    });
  const decode = (h: Body<typeof locals>): Node =>
    h.step('decode fault', {
      fn: 'tegra234_mc_mmio_handler: mc_offset_to_client',
      source: published,
      run: () => anyStore.map((store) => next().local(store)),
    });
  const forward = (h: Body<typeof locals>): Node =>
    h.step('forward', {
      fn: 'tegra234_mc_mmio_handler: writel_relaxed',
      source: published,
      writes: (f) => ({ registers: registers(f.client) }),
      run: (s, f) =>
        next({ registers: stored(s.registers, f.write) }).emit('MC store forwarded', {
          client: f.client,
          write: f.write,
        }),
    });

  const dropped = done('dropped');
  const checked = (f: Trapped) => ({ registers: registers(f.client), reg: reg(deviceOf(f.client)) });
  type Checked = Seen<ReturnType<typeof checked>>;
  /** Afterwards the client can present only SIDs of its device. */
  const staysConfined = (s: Checked, f: Trapped): boolean =>
    s.reg !== null && presented(f.client, stored(s.registers, f.write)).every((sid) => s.reg?.sids.has(sid));
  const isSid0 = ({ write }: Trapped): boolean => write.tag === 'SID_OVERRIDE' && write.value === '0x00';

  const filter: GuardSpec<Checked, Trapped>[] = [
    {
      id: 'SID-0-is-checked',
      doc: 'SID 0 is a SID like any other: it may be somebody’s',
      source,
      test: (s, f) => !isSid0(f) || staysConfined(s, f),
      else: dropped,
    },
    {
      id: 'SID-belongs-to-device',
      doc: 'an override names a SID of the client’s device, or is not in force',
      source,
      test: (s, f) => f.write.tag !== 'SID_OVERRIDE' || isSid0(f) || staysConfined(s, f),
      else: dropped,
    },
    {
      id: 'engine-is-confined',
      doc: 'the override is switched off only where the engine presents its own SIDs, and on only if the SID is right',
      source,
      test: (s, f) => f.write.tag !== 'SID_SECURITY' || staysConfined(s, f),
      else: dropped,
    },
  ];

  const check = (h: Body<typeof locals>): Node =>
    h.step('check', { fn: 'tegra234_mc_mmio_handler', source, reads: checked, guards: filter });

  const el1Store: Handler = handler('EL1 store to MC', locals, (h) => [
    str(h),
    h.locked('mc_lock', () => mc.lock, [decode(h), check(h), forward(h)]),
  ]);

  /** EL2's part of a store that traps, the client and the value being known. */
  const trapped = (h: Body<typeof locals>): readonly Node[] => [
    h.locked('mc_lock', () => mc.lock, [check(h), forward(h)]),
  ];

  return { el1Store, trapped, str, decode, forward, locals, isSid0, dropped };
}
