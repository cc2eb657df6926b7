/**
 * SC-06, power cycling: power management stays in the EL1 half (S3:152), so power requests are untrusted input.
 *
 * Host CPUs map, unmap, donate, and say that the SMMU is to be off or on. While it is off, EL2 skips its TLBIs and calls
 * that success; caches keep what they hold. One device, attached from the start.
 * PV design: B2, B4, B7 with registers (CR0, CR0ACK, GBPA.ABORT) and in-flight modes, B8's reset, B9.
 * Windows: W-08 (CR0 … CR0ACK), W-09 (GBPA: no writer here), W-12 (TLBI skipped … resume invalidates).
 * Defects D-21, D-22, D-23, D-32.
 *
 * - SC-06: expected: all hold, with either order of the flag `power_is_off` and the driver's work.
 *   `timeouts=true`: EL2 gives up waiting for CR0ACK. Order A then breaks isolation, order B availability only.
 *   `scmi=true`: the host switches power behind EL2's back: registers and invalidations are lost while EL2 works on
 *   them (I-4, I-1). With A-PD denied: bypass.
 * - SC-06/no-gbpa-check: take-over accepts an SMMU with GBPA.ABORT=0 (D-22). Expected: I-4, and what follows.
 * - SC-06/attach: the host also attaches and detaches the stream, and allocates and frees the domain, while the SMMU is on
 *   or off. Expected: all hold.
 * - SC-06/events: the SMMU writes events into a page that is shared with EL2 and pinned (W-14); the host also shares and
 *   unshares pages. Expected: all hold. SC-06/events-not-pinned: as an early snapshot has it. Expected: I-9.
 * Default: two CPUs, one SMMU, one device, two pages. Nightly: `iovas=2`; `smmus=2,pages=1`; SC-06/attach with `cpus=2`.
 */
import { choice, flag, int, model, type Builder, type Expected, type ScopeOf } from '../src/index.js';
import {
  disabledSmmusAbort,
  eventsGoToHostPages,
  el2NeverPanics,
  everyHypercallCanReturn,
  everyHypercallReturns,
  hostDevicesReachHostPages,
  locksAreOrdered,
  newOwnersPagesAreOutOfReach,
  queueIsUsedAfterAck,
  resumeInvalidatesFirst,
  successMeansFlushed,
  walkedTablesExist,
  type System,
} from '../src/invariants/index.js';
import {
  domainRefs,
  el2Attach,
  el2Driver,
  eventQueues,
  ioPageTable,
  iommuCore,
  iommuDomains,
  pageOwnership,
  parts,
  powerDomain,
  powerHardware,
  powerIsOff,
  registerHardware,
  smmuRegisters,
  smmuv3,
  streamTable,
} from '../src/spec/index.js';

const sizes = (cpus: number, pages: number) => ({
  cpus: int(cpus, 1, 2, 'host CPUs issuing hypercalls'),
  smmus: int(1, 1, 2, 'SMMUs, each with a device and power of its own'),
  pages: int(pages, 1, 3, 'RAM pages'),
  iovas: int(1, 1, 2, 'IO virtual addresses of the domain, a page each'),
  order: choice(['B', 'A'], 'B: the driver first, power_is_off only if it succeeds; A: power_is_off first'),
  timeouts: flag(false, 'EL2 may give up waiting for CR0ACK'),
  scmi: flag(false, 'the host switches power without EL2 seeing it'),
});
const scope = sizes(2, 2);
type Scope = ScopeOf<typeof scope>;

interface Design {
  /** GBPA.ABORT at take-over. */
  readonly abort?: boolean;
  /** Streams come and go: the host attaches and detaches them, also while the SMMU is off. */
  readonly attaches?: boolean;
  /** There are event queues, in pages that are pinned or not. */
  readonly events?: 'pinned' | 'not pinned';
}

/** Declares the whole scenario. */
export function declare(m: Builder, sizes: Scope, { abort = true, attaches = false, events }: Design): System {
  const all = parts({ ...sizes, domains: 1, devices: sizes.smmus });
  const pages = pageOwnership(m, all, sizes.iovas + sizes.cpus + (events ? 1 : 0));
  const tables = ioPageTable(m, all);
  const registers = smmuRegisters(m, all, abort, events !== undefined);
  const streams = streamTable(m, all, () => (attaches ? undefined : all.domain.of(0)), registers);
  const hw = smmuv3(m, all, tables, streams, 2);
  const off = powerIsOff(m, all);
  const driver = el2Driver(m, all, streams, hw, off);
  const hardware = registerHardware(m, all, registers, streams, hw);
  const powersUpAborting = m.assumed(
    'A-PD',
    'after a loss of power the SMMU aborts: GBPA.ABORT is 1. The architecture does not promise it',
  );
  powerHardware(m, all, registers, streams, hw, driver, off, {
    unseen: sizes.scmi,
    aborts: powersUpAborting && abort,
  });
  const { pdOff, pdOn } = powerDomain(all, registers, hardware, driver, off, {
    ...sizes,
    events: events !== undefined,
  });
  const refs = attaches ? domainRefs(m, all, pages, 1) : undefined;
  const core = iommuCore(all, pages, tables, hw, driver, refs);
  const hypercalls = [core.mapPages, core.unmapPages, pages.donateHyp, pages.hypDonateHost, pdOff, pdOn];
  if (refs) {
    const attach = el2Attach(m, all, streams, driver);
    const domains = iommuDomains(all, pages, tables, hw, attach, refs);
    hypercalls.push(domains.attachDev, domains.detachDev, domains.freeDomain, domains.allocDomain);
  }
  if (events) hypercalls.push(pages.shareHyp, pages.unshareHyp);
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, hypercalls);

  m.assume('B7', 'caches survive SMMUEN=0 and a loss of power, until they are invalidated');
  if (!sizes.scmi)
    m.assume('PD', 'the host cuts power only while EL2 has the SMMU off, and it is back before EL2 resumes it');
  if (!sizes.timeouts) m.assume('CR0ACK', 'EL2 never gives up waiting for CR0ACK');

  const system: System = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  disabledSmmusAbort(m, system); // I-4
  newOwnersPagesAreOutOfReach(m, system); // I-7
  resumeInvalidatesFirst(m, system, registers, off); // L-6
  successMeansFlushed(m, system, driver); // P-5
  if (events) eventsGoToHostPages(m, system, registers, eventQueues(m, all, pages, events === 'pinned')); // I-9
  if (refs) walkedTablesExist(m, system, refs); // I-3
  queueIsUsedAfterAck(m, system, registers); // P-12
  el2NeverPanics(m, system); // P-14
  locksAreOrdered(m); // P-6
  everyHypercallReturns(m, system); // V-1
  everyHypercallCanReturn(m, system); // wedge
  return system;
}

const expected = (
  { order, timeouts, scmi }: Scope,
  more: readonly string[] = [],
  withScmi: readonly string[] = [],
): Record<string, Expected> => {
  const broken = [
    ...more,
    ...(scmi ? withScmi : []),
    ...(timeouts ? (order === 'A' ? ['I-1', 'I-7', 'P-5', 'V-1', 'wedge'] : ['P-12', 'V-1', 'wedge']) : []),
    ...(scmi ? ['I-1', 'I-4', 'I-7', 'L-6', 'V-1'] : []),
  ];
  return Object.fromEntries(broken.map((id): [string, Expected] => [id, 'violated']));
};

const sc06 = model({
  name: 'SC-06',
  title: 'power cycling: what was skipped while the SMMU was off is made good before it is on',
  scope,
  build: (m, sizes) => void declare(m, sizes, {}),
  expected: (sizes) => expected(sizes),
});

const noGbpaCheck = model({
  name: 'SC-06/no-gbpa-check',
  title: 'the same, but take-over does not insist on GBPA.ABORT=1',
  scope,
  build: (m, sizes) => void declare(m, sizes, { abort: false }),
  expected: (sizes): Record<string, Expected> => expected(sizes, ['I-1', 'I-4', 'I-7']),
});

const attaching = model({
  name: 'SC-06/attach',
  title: 'the same, and streams are attached and detached, also while the SMMU is off',
  scope: sizes(1, 1),
  build: (m, sizes) => void declare(m, sizes, { attaches: true }),
  expected: (sizes) => expected(sizes),
});

const eventSizes = { ...sizes(1, 2), pages: int(2, 2, 3, 'RAM pages, those of the event queues among them') };

const withEvents = model({
  name: 'SC-06/events',
  title: 'the same, and the SMMU writes events into a page that is shared with EL2 and pinned',
  scope: eventSizes,
  build: (m, sizes) => void declare(m, sizes, { events: 'pinned' }),
  expected: (sizes) => expected(sizes, [], ['I-9']),
});

const eventsNotPinned = model({
  name: 'SC-06/events-not-pinned',
  title: 'the same, but the page of the event queue is shared only (W-14)',
  scope: eventSizes,
  build: (m, sizes) => void declare(m, sizes, { events: 'not pinned' }),
  expected: (sizes) => expected(sizes, ['I-9', 'I-9/pin']),
});

export { defects } from './sc-06-defects.js';
export default [sc06, noGbpaCheck, attaching, withEvents, eventsNotPinned];
