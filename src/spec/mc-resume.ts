/**
 * What a system suspend takes from the memory controller, and who brings it back (B11, D-20): firmware, EL2, or EL1.
 */
import {
  done,
  fragment,
  handler,
  next,
  type Body,
  type Builder,
  type Handler,
  type LocalSorts,
  type Node,
} from '../language/index.js';
import type { DevicePolicy } from './device-policy.js';
import type { MemoryController } from './memory-controller.js';
import type { McTrap } from './mc-trap.js';
import type { Client, Platform } from './platform.js';

const source = 'drivers/memory/tegra/tegra186.c (B11)';
const psci = { fn: 'psci_system_suspend', source: 'drivers/firmware/psci/psci.c (B11)' };

/** What both resumes begin and end with. */
function firmware({ client }: Platform, { registers, running, lost }: MemoryController) {
  const powerOff = (h: Body<LocalSorts>): Node =>
    h.step('power off', {
      doc: 'the memory controller loses its registers',
      source: 'Tegra SC7 (B11)',
      writes: () => ({ registers, running }),
      atomic: 'power goes for all of it at once',
      run: (s) => next({ running: false, registers: client.values.reduce((all, c) => all.set(c, lost), s.registers) }),
    });
  const letClientsRun = (h: Body<LocalSorts>): Node =>
    h.step('let clients run', {
      doc: 'the last step of firmware: from here on a client may access memory',
      fn: 'plat/nvidia/tegra: memctrl_v2 restore',
      source: 'TF-A (B11)',
      writes: () => ({ running }),
      run: () => next({ running: true }),
    });
  return { powerOff, letClientsRun };
}

/** Suspend and resume as they must be: EL2 programs and reads back before any client may access memory. */
export function mcResume(m: Builder, soc: Platform, mc: MemoryController, { reg, lock, Plan, plan }: DevicePolicy) {
  const { client } = soc;
  const { registers, lost, program } = mc;
  const { powerOff, letClientsRun } = firmware(soc, mc);
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
        ...psci,
        reads: () => ({ reg }),
        run: (s) => next().local({ plan: plan(s) }),
      }),
      h.locked('mc_lock', () => mc.lock, [
        powerOff(h),
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
        letClientsRun(h),
      ]),
    ]),
  ], psci); // prettier-ignore

  return { systemSuspend };
}

/**
 * Suspend and resume as published: firmware restores a table of its own and lets the clients run; then EL1 stores each
 * client's SID, as after boot, and EL2 only filters that. Where firmware does not lock the registers it does not know
 * the SIDs either: it overrides with the pass-through SID, or does not program a client at all.
 * @param trapped how EL2 treats a store that traps
 */
export function publishedResume(
  soc: Platform,
  mc: MemoryController,
  { lock }: DevicePolicy,
  { locals }: Pick<McTrap, 'locals'>,
  trapped: (h: Body<McTrap['locals']>) => readonly Node[],
): Handler {
  const { client, truth, deviceOf } = soc;
  const { registers, lost, Write, sidFor, securityFor } = mc;
  const { powerOff, letClientsRun } = firmware(soc, mc);
  const own = (c: Client) => truth(deviceOf(c)).sids;
  const overridden = lost.setIn(['security', 'OVERRIDE'], true);

  const setOverride = fragment('set OVERRIDE', locals, (h) => [
    h.step('read SID_SECURITY', {
      doc: 'OVERRIDE=0 where the register is not locked: a warning, and it is set',
      fn: 'tegra186_mc_client_sid_override: readl',
      source,
      reads: (f) => ({ registers: registers(f.client) }),
      run: ({ registers: { security } }) =>
        security.OVERRIDE || security.WRITE_ACCESS_DISABLED
          ? done()
          : next().local({ write: Write.make.SID_SECURITY(security.set('OVERRIDE', true)) }),
    }),
    ...trapped(h),
  ]);
  const writeOverride = fragment('write SID', locals, (h) => [
    h.step('read SID_OVERRIDE', {
      doc: 'nothing to do where firmware has locked the register or it is right',
      fn: 'tegra186_mc_client_sid_override: readl',
      source,
      reads: (f) => ({ registers: registers(f.client) }),
      run: ({ registers: { sid, security } }, f) =>
        sid === sidFor(own(f.client)) || security.WRITE_ACCESS_DISABLED
          ? done()
          : next().local({ write: Write.make.SID_OVERRIDE(sidFor(own(f.client))) }),
    }),
    ...trapped(h),
  ]);

  return handler('system_suspend', { client }, (h) => [
    h.locked('policy_lock', () => lock, [
      h.locked('mc_lock', () => mc.lock, [
        powerOff(h),
        h.each('firmware resume', 'client', () => client.values, [
          h.step('restore', {
            fn: 'plat/nvidia/tegra: memctrl_v2 restore',
            source: 'TF-A (B11)',
            writes: (f) => ({ registers: registers(f.client) }),
            run: (_, f) =>
              securityFor(f.client, own(f.client)).WRITE_ACCESS_DISABLED
                ? next({ registers: registers(f.client).initial })
                : [next({ registers: overridden }), next()],
          }),
        ]),
        letClientsRun(h),
      ]),
    ]),
    h.each('tegra186_mc_resume', 'client', () => client.values, [
      h.call(setOverride, (f) => ({ client: f.client })),
      h.call(writeOverride, (f) => ({ client: f.client })),
    ]),
  ], psci); // prettier-ignore
}
