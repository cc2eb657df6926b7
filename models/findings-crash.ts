/** What was decided about processors that crash while their driver is unbound (B12 to B14, SC-19/unbind). */
import type { Finding, Seen } from './finding.js';

const published = ['SC-19/unbind', 'SC-19/unbind-v20', 'SC-19/unbind-v22'];
const inAll = (...properties: readonly string[]): Seen[] => published.map((model) => ({ model, properties }));

const core = 'remoteproc core with its platform driver';

export const crashFindings: readonly Finding[] = [
  {
    id: 'unbind-after-crash',
    in: core,
    text: 'A crashed processor whose driver is unbound before anybody recovers it is never stopped: rproc_shutdown refuses it, rproc_del marks it DELETED all the same, and the recovery leaves it alone. The TA says STARTED, and no later driver can boot it.',
    verdict: 'confirmed',
    seen: inAll('L-7', 'L-13', 'V-4'),
    mend: 'SC-19/unbind-repaired: rproc_del stops what runs or has crashed, and marks it DELETED, under one hold of rproc->lock',
  },
  {
    id: 'crash-work-freed',
    in: core,
    text: 'Nothing cancels the crash work, which holds no reference to the rproc, and the watchdog’s interrupt is freed only after remove: an rproc is freed while its crash work is queued or runs.',
    verdict: 'confirmed',
    seen: inAll('L-12-work'),
    mend: 'SC-19/unbind-repaired: remove begins with free_irq and cancel_work_sync, in this order',
  },
  {
    id: 'crash-after-DELETED',
    in: core,
    text: 'The crash handler does not look for DELETED: crash work that comes late makes it CRASHED, and the recovery boots a processor whose driver is going away.',
    verdict: 'confirmed',
    seen: inAll('deleted'),
    mend: 'as for crash-work-freed: there is no crash work left when rproc_del begins',
  },
  {
    id: 'crash-interrupts-unregister',
    in: 'remoteproc TEE, v19 and v20',
    text: 'A recovery holds ctx_lock while the driver is unbound: rproc_tee_unregister is interrupted, and the rproc is freed with its entry in the list and its session open (W-57).',
    verdict: 'confirmed',
    seen: [
      { model: 'SC-19/unbind', properties: ['L-9', 'L-12'] },
      { model: 'SC-19/unbind-v20', properties: ['L-9'] },
    ],
    mend: 'as for W-57, and for crash-work-freed',
  },
  {
    id: 'crash-session',
    in: 'remoteproc TEE, v19, v20 and v22',
    text: 'Where a recovery meets an unbind of the processor, a closed session is used or is closed twice.',
    verdict: 'refuted',
    seen: inAll('L-8'),
    mend: 'each call looks for the entry under ctx_lock, and unregister takes it out under the same lock; a late recovery gets -EINVAL. W-57 remains where the TEE device is unbound too',
  },
  {
    id: 'unbind-waits',
    in: core,
    text: 'Recovery and unbind wait for each other, or rproc_del for ever for the lock that recovery holds (W-63).',
    verdict: 'refuted',
    seen: inAll('V-5', 'wedge'),
    mend: 'recovery takes no lock that remove holds; the one way into a deadlock is W-58’s',
  },
];
