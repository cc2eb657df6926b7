/**
 * The memory controller's take-over and the freeze that ends the handshake (S3:130, B10), in two designs:
 *
 * - `registerMc` takes the MMIO page first, then resets what the registers hold and reads it back; `freeze` then only
 *   checks that everything is EL2's. Nothing changes behind EL2's back. This holds.
 * - `freezeAsWorded`: "EL2 validates this against its own DT / vendor module, and then locks down SMMU + MC MMIO from
 *   EL1" (S3:130). Between validating and locking EL1 can still store to the registers (W-37, SB-13).
 */
import { fail, fragment, handler, next, type Handler, type Seen } from '../language/index.js';
import type { DevicePolicy } from './device-policy.js';
import type { MemoryController } from './memory-controller.js';
import { isEl2s, type Mmio } from './mmio.js';
import type { Parts } from './parts.js';
import type { Platform } from './platform.js';
import { letsDmaPass, type SmmuRegisterFile } from './smmu-mmio.js';

const source = 'required by S3:124-131 (B10)';
const asWorded = 'S3:126-131 (B10)';

export type Freeze = ReturnType<typeof freezing>;

/** Both freezes, over the components that they look at. */
export function freezing(
  { smmu, device }: Parts,
  soc: Platform,
  pages: Mmio,
  smmus: SmmuRegisterFile,
  mc: MemoryController,
  policy: DevicePolicy,
) {
  const { client } = soc;
  const { phase, reg, lock, isOpen, plan, Plan } = policy;

  type RegSeen = Seen<{ reg: typeof reg }>;
  const allRegistered = {
    id: 'devices-are-registered',
    doc: 'EL2 knows which SIDs each client may present',
    source,
    test: (s: RegSeen) => device.values.every((d) => s.reg.at(d) !== null),
    else: fail('EAGAIN'),
  };

  const setFrozen = fragment('commit', {}, (h) => [
    h.step('set FROZEN', {
      fn: 'freeze',
      source,
      writes: () => ({ phase }),
      run: () => next({ phase: 'FROZEN' }),
    }),
  ]);

  const registerMc: Handler = handler('register_mc', { plan: Plan, client }, (h) => [
    h.locked('policy_lock', () => lock, [
      h.step('check state', {
        fn: 'tegra234_mc_init',
        source,
        reads: () => ({ phase, reg }),
        guards: [isOpen, allRegistered],
        run: (s) => next().local({ plan: plan(s) }),
      }),
      h.locked('mc_lock', () => mc.lock, [
        h.call(pages.takeMc),
        h.onFail('init', [
          h.each('each client', 'client', (f) => f.plan.keys(), [
            h.call(mc.program, (f) => ({ client: f.client, sids: f.plan.get(f.client) })),
            h.call(mc.validateClient, (f) => ({ client: f.client, sids: f.plan.get(f.client) })),
          ]),
        ], [h.call(pages.giveMcBack)]), // prettier-ignore
      ]),
    ]),
  ], { fn: 'tegra234_mc_init', source }); // prettier-ignore

  const freeze: Handler = handler('freeze', {}, (h) => [
    h.locked('policy_lock', () => lock, [
      h.step('check state', {
        fn: 'freeze',
        source,
        reads: () => ({ phase, reg, smmus: pages.smmuPage, mc: pages.mcPage }),
        guards: [
          isOpen,
          allRegistered,
          {
            id: 'SMMU-MMIO-belongs-to-EL2',
            doc: 'EL1 can no longer store to any SMMU',
            source,
            test: (s) => smmu.values.every((k) => isEl2s(s.smmus.at(k))),
            else: fail('EAGAIN'),
          },
          {
            id: 'MC-MMIO-belongs-to-EL2',
            doc: 'EL1 can no longer store to the memory controller',
            source,
            test: (s) => isEl2s(s.mc),
            else: fail('EAGAIN'),
          },
        ],
      }),
      h.call(setFrozen),
    ]),
  ], { fn: 'freeze', source }); // prettier-ignore

  /** The SMMUs and the memory controller are the host's until here, whatever it registered before. */
  const freezeAsWorded: Handler = handler('freeze', { plan: Plan, client, smmu }, (h) => [
    h.locked('policy_lock', () => lock, [
      h.step('check state', {
        fn: 'freeze',
        source: asWorded,
        reads: () => ({ phase, reg }),
        guards: [isOpen, allRegistered],
        run: (s) => next().local({ plan: plan(s) }),
      }),
      h.each('validate SMMUs', 'smmu', () => smmu.values, [
        h.step('validate SMMU', {
          fn: 'freeze',
          source: asWorded,
          reads: (f) => ({ registers: smmus.registers(f.smmu) }),
          guards: [
            {
              id: 'SMMU-confines',
              doc: 'it aborts or translates',
              source: asWorded,
              test: (s) => !letsDmaPass(s.registers),
              else: fail('EPERM'),
            },
          ],
        }),
      ]),
      h.each('validate clients', 'client', (f) => f.plan.keys(), [
        h.call(mc.validateClient, (f) => ({ client: f.client, sids: f.plan.get(f.client) })),
      ]),
      h.each('lock SMMUs', 'smmu', () => smmu.values, [h.call(pages.takeSmmu, (f) => ({ smmu: f.smmu }))]),
      h.call(pages.takeMc),
      h.call(setFrozen),
    ]),
  ], { fn: 'freeze', source: asWorded }); // prettier-ignore

  return { registerMc, freeze, freezeAsWorded };
}
