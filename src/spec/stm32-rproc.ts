/**
 * The platform driver of the processors (B13, B14), as far as it has to do with the TEE. Up to v19 it registers with the
 * client, and then adds the rproc; since v20 the client adds and deletes the rproc.
 */
import { fragment, goto, next, type Body, type Node } from '../language/index.js';
import type { CrashWork } from './crash-work.js';
import type { PlatformDriver } from './driver-core.js';
import type { Rproc } from './remote-processor.js';
import type { ClientVersion } from './remoteproc-tee.js';
import { addsRproc, type ClientRegistration } from './remoteproc-tee-registration.js';
import type { RprocAdd } from './rproc-add.js';

const source = 'drivers/remoteproc/stm32_rproc.c (B13)';

/**
 * `repaired`: rproc_del stops the processor itself, and where the processor may crash (`crash`), its interrupt and its crash
 * work end before.
 */
export function stm32Rproc(
  { alloc, add, del, free, core }: RprocAdd,
  { register, unregister }: ClientRegistration,
  version: ClientVersion,
  crash?: CrashWork,
): PlatformDriver {
  const { rproc, power } = core.variables;
  const same = (f: { rproc: Rproc }) => ({ rproc: f.rproc });
  const adds = addsRproc(version);
  type H = Body<{ rproc: typeof rproc }>;
  const repaired = version === 'repaired';
  const quiet = (h: H): Node[] => (crash && repaired ? [h.call(crash.freeIrq, same), h.call(crash.cancel, same)] : []);
  /** Managed resources go in reverse order: the interrupt, then the rproc. Only v20 frees the rproc before. */
  const devres = (h: H): Node[] =>
    crash && !repaired ? [h.call(crash.freeIrq, same, { as: 'devres_release_all' })] : [];

  const probe = fragment('stm32_rproc_probe', { rproc }, (h) => [
    h.call(alloc, same),
    h.onFail('free', [
      ...(crash ? [h.call(crash.requestIrq, same)] : []),
      h.call(register, same),
      ...(adds ? [] : [h.onFail('unregister', [h.call(add, same)], [h.attempt('ignored', [h.call(unregister, same)])])]),
    ], [...quiet(h), ...devres(h), h.call(free, same)]),
  ]); // prettier-ignore

  const remove = fragment('stm32_rproc_remove', { rproc }, (h) => [
    ...(repaired
      ? quiet(h)
      : [
          h.step('power > 0', {
            fn: 'stm32_rproc_remove: atomic_read',
            source,
            reads: (f) => ({ power: power(f.rproc) }),
            run: (s) => (s.power > 0 ? next() : goto(adds ? 'unregister' : 'rproc_del')),
          }),
          h.attempt('shutdown', [h.call(core.shutdown, same)]),
        ]),
    ...(adds ? [] : [h.call(del, same)]),
    h.attempt('unregister', [h.call(unregister, same)]),
    ...devres(h),
    ...(version === 'v20' ? [] : [h.call(free, same)]),
  ]);

  return { probe, remove };
}
