/**
 * The published driver of the memory controller at EL2 (B11), whose authors trap EL1's stores to keep clients to their
 * SIDs:
 *
 * - It shares the MMIO page and does not look at what is in the registers (`mcInit`).
 * - Its filter checks an override against `sid_map`; SID 0 and the security register are always let through, and there
 *   is no lock (`el1Store`).
 * - `sid_map` is filled by the host, and a SID that is released is taken out of it (`releaseSid`).
 */
import { fail, handler, map, next, type Body, type Builder, type Handler, type Node } from '../language/index.js';
import type { DevicePolicy } from './device-policy.js';
import type { McTrap } from './mc-trap.js';
import type { Mmio } from './mmio.js';
import type { Client, Platform, TegraSid } from './platform.js';

const published = 'drivers/iommu/arm/arm-smmu/pkvm/tegra234-mc.c (B11)';
const released = 'the change of a domain that W-38 names';

/**
 * The published take-over. There is no freeze in published code: protected mode, which comes up behind it, is as near
 * as it gets.
 * @param staysMapped a page that is shared stays in the host's stage-2
 */
export function publishedMcInit(
  { mcPage }: Mmio,
  { phase, lock, isOpen }: DevicePolicy,
  staysMapped: boolean,
): Handler {
  return handler('mc_init', {}, (h) => [
    h.locked('policy_lock', () => lock, [
      h.step('check state', {
        fn: 'mc_init',
        source: published,
        reads: () => ({ phase }),
        guards: [isOpen],
      }),
      h.step('share', {
        doc: 'the host stays the owner; that its stage-2 maps the page no more is what the driver’s comment says',
        fn: '__pkvm_host_share_hyp, hyp_pin_shared_mem',
        source: published,
        writes: () => ({ mcPage }),
        run: (s) => next({ mcPage: s.mcPage.set('hostMaps', staysMapped) }),
      }),
      h.step('set FROZEN', {
        doc: 'nobody looks at what the registers hold',
        fn: '__pkvm_init_finalise',
        source: published,
        writes: () => ({ phase }),
        run: () => next({ phase: 'FROZEN' }),
      }),
    ]),
  ], { fn: 'mc_init', source: published }); // prettier-ignore
}

export type PublishedTrap = ReturnType<typeof publishedTrap>;

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

  /** EL2's part of a store that traps. */
  const trapped = (h: Body<McTrap['locals']>): readonly Node[] => [
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
  ];
  const el1Store: Handler = handler('EL1 store to MC', trap.locals, (h) => [
    trap.str(h),
    trap.decode(h),
    ...trapped(h),
  ]);

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

  const releaseSid: Handler = handler('release SID', { sid: Sid }, (h) => [
    h.step('choose', {
      doc: 'any SID: domains come and go as the host likes',
      fn: 'domain change',
      source: released,
      run: () => Sid.values.map((sid) => next().local({ sid })),
    }),
    h.step('clear', {
      doc: 'the SID is nobody’s; the memory controller’s registers stay as they are',
      fn: 'domain change',
      source: released,
      writes: () => ({ sidMap }),
      run: (s, f) => next({ sidMap: s.sidMap.delete(f.sid) }),
    }),
  ]); // prettier-ignore

  return { sidMap, trapped, el1Store, registerSidMapping, releaseSid };
}
