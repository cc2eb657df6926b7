/**
 * EL1's stores to the memory controller (B11). While the host's stage-2 maps the page, a store goes to the register:
 * that is tegra186_mc_client_sid_override, and whatever else a hostile EL1 writes. Once the page is EL2's, the same
 * store traps, and EL2 checks it and forwards it: two steps, with a window between them (W-38).
 *
 * - `el1Store` is a filter that holds: a write goes through if the client can then present only its device's SIDs.
 *   It looks at both registers of the client, so it needs a lock.
 * - `el1StorePublished` is the published one: an override is checked against `sid_map`, SID 0 and the security register
 *   are always let through, and there is no lock.
 *
 * Also here: what suspend takes from the registers, and who brings it back.
 */
import {
  done,
  fail,
  handler,
  map,
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
import type { Client, Platform, TegraSid } from './platform.js';

const source = 'required by S3:74-78 (B11)';
const published = 'drivers/iommu/arm/arm-smmu/pkvm/tegra234-mc.c (B11)';

export type McTrap = ReturnType<typeof mcTrap>;

export interface Trapped {
  readonly client: Client;
  readonly write: McWrite;
}

/** The handlers, over the components that they use. */
export function mcTrap(
  m: Builder,
  soc: Platform,
  pages: Mmio,
  mc: MemoryController,
  { reg, lock, Plan, plan }: DevicePolicy,
) {
  const { client, deviceOf } = soc;
  const { registers, running, lost, presented, program, Write, writes } = mc;
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
      run: (s, f) => next({ registers: stored(s.registers, f.write) }),
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

  const el1Store: Handler = handler('EL1 store to MC', locals, (h) => [
    str(h),
    h.locked('mc_lock', () => mc.lock, [
      decode(h),
      h.step('check', { fn: 'tegra234_mc_mmio_handler', source, reads: checked, guards: filter }),
      forward(h),
    ]),
  ]); // prettier-ignore

  const leftToEl2 = m.assumed(
    'MC-firmware',
    'at resume, firmware leaves the memory controller’s registers to EL2: it does not program and lock them itself',
  );
  /** Where it does: a table of its own, which may know the pass-through SID only, and the lock behind it (TF-A). */
  const restored = lost.setIn(['security', 'OVERRIDE'], true).setIn(['security', 'WRITE_ACCESS_DISABLED'], true);

  /**
   * What a device loses over a system suspend, and gets back before it may access memory again. All other CPUs are off
   * by then; the locks stand for that.
   */
  const systemSuspend: Handler = handler('system_suspend', { plan: Plan, client }, (h) => [
    h.locked('policy_lock', () => lock, [
      h.step('enter', {
        fn: 'psci_system_suspend',
        source: 'drivers/firmware/psci/psci.c (B11)',
        reads: () => ({ reg }),
        run: (s) => next().local({ plan: plan(s) }),
      }),
      h.locked('mc_lock', () => mc.lock, [
        h.step('power off', {
          doc: 'the memory controller loses its registers',
          source: 'Tegra SC7 (B11)',
          writes: () => ({ registers, running }),
          atomic: 'power goes for all of it at once',
          run: (s) =>
            next({ running: false, registers: client.values.reduce((all, c) => all.set(c, lost), s.registers) }),
        }),
        ...(leftToEl2
          ? []
          : [
              h.each('firmware resume', 'client', (f) => f.plan.keys(), [
                h.step('restore', {
                  doc: 'a locked register drops what EL2 writes behind it',
                  fn: 'plat/nvidia/tegra: memctrl_v2 restore',
                  source: 'TF-A (B11)',
                  writes: (f) => ({ registers: registers(f.client) }),
                  run: () => [next(), next({ registers: restored })],
                }),
              ]),
            ]),
        h.each('resume', 'client', (f) => f.plan.keys(), [
          h.call(program, (f) => ({ client: f.client, sids: f.plan.get(f.client) })),
          h.call(mc.validateClient, (f) => ({ client: f.client, sids: f.plan.get(f.client) })),
        ]),
        h.step('let clients run', {
          doc: 'the last step of firmware: from here on a client may access memory',
          fn: 'plat/nvidia/tegra: memctrl_v2 restore',
          source: 'TF-A (B11)',
          writes: () => ({ running }),
          run: () => next({ running: true }),
        }),
      ]),
    ]),
  ], { fn: 'psci_system_suspend', source: 'drivers/firmware/psci/psci.c (B11)' }); // prettier-ignore

  return { el1Store, systemSuspend, str, decode, forward, locals, isSid0, dropped };
}

/** The published trap filter, and the table that it looks into: one client for each SID, filled by the host. */
export function publishedTrap(m: Builder, soc: Platform, trap: McTrap) {
  const { client, Sid, deviceOf, truth } = soc;
  const SidMap = map(Sid, client);
  /** As the driver's walk over the device tree leaves it at arch_initcall: right. */
  const sidMap = m.variable(
    'sid_map',
    SidMap,
    SidMap.make(client.values.flatMap((c) => [...truth(deviceOf(c)).sids].map((sid): [TegraSid, Client] => [sid, c]))),
  );
  m.explain(
    sidMap,
    'the published filter’s table, by StreamID: the one client that may be given it; built from what the host says',
  );

  const el1StorePublished: Handler = handler('EL1 store to MC', trap.locals, (h) => [
    trap.str(h),
    trap.decode(h),
    h.step('check', {
      doc: 'the security register is not checked at all',
      fn: 'mc_handle_sid_override: mc_validate_sid_for_client',
      source: published,
      reads: () => ({ sidMap }),
      guards: [
        {
          id: 'SID-is-mapped-to-client',
          doc: 'an override other than 0 names a SID that sid_map gives to the client',
          source: published,
          test: (s, f) => f.write.tag !== 'SID_OVERRIDE' || trap.isSid0(f) || s.sidMap.get(f.write.value) === f.client,
          else: trap.dropped,
        },
      ],
    }),
    trap.forward(h),
  ]); // prettier-ignore

  const registerSidMapping: Handler = handler('mc_register_sid_mapping', { sid: Sid, client }, (h) => [
    h.step('read request', {
      doc: 'meant for arch_initcall; nothing ends it, so the host may call it at any time',
      fn: 'mc_register_sid_mapping',
      source: published,
      run: () => Sid.values.flatMap((sid) => client.values.map((c) => next().local({ sid, client: c }))),
    }),
    h.step('store', {
      doc: 'the same mapping again is no error',
      fn: 'mc_register_sid_mapping',
      source: published,
      writes: () => ({ sidMap }),
      guards: [
        {
          id: 'SID-is-free',
          doc: 'a SID that another client has is not given away',
          source: published,
          test: (s, f) => (s.sidMap.get(f.sid) ?? f.client) === f.client,
          else: fail('EBUSY'),
        },
      ],
      run: (s, f) => next({ sidMap: s.sidMap.set(f.sid, f.client) }),
    }),
  ]); // prettier-ignore

  return { el1StorePublished, registerSidMapping };
}
