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
 *   `scmi=true`: the host switches power behind EL2's back: availability. `aPd=false` (A-PD denied): bypass (I-4).
 * - SC-06/no-gbpa-check: take-over accepts an SMMU with GBPA.ABORT=0 (D-22). Expected: I-4, and what follows.
 * Nightly: `pages=3`, `iovas=2`.
 */
import { choice, flag, int, model, type Builder, type Expected, type ScopeOf } from '../src/index.js';
import {
  disabledSmmusAbort,
  el2NeverPanics,
  everyHypercallCanReturn,
  hostDevicesReachHostPages,
  newOwnersPagesAreOutOfReach,
  queueIsUsedAfterAck,
  resumeInvalidatesFirst,
  successMeansFlushed,
  type System,
} from '../src/invariants/index.js';
import {
  el2Driver,
  ioPageTable,
  iommuCore,
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

const scope = {
  cpus: int(2, 1, 2, 'host CPUs issuing hypercalls'),
  pages: int(1, 1, 3, 'RAM pages'),
  iovas: int(1, 1, 2, 'IO virtual addresses of the domain, a page each'),
  order: choice(['B', 'A'], 'B: the driver first, power_is_off only if it succeeds; A: power_is_off first'),
  timeouts: flag(false, 'EL2 may give up waiting for CR0ACK'),
  scmi: flag(false, 'the host switches power without EL2 seeing it'),
  aPd: flag(true, 'A-PD: after a loss of power the SMMU aborts'),
};
type Scope = ScopeOf<typeof scope>;

/** Declares the whole scenario. `abort`: GBPA.ABORT at take-over. */
export function declare(m: Builder, sizes: Scope, abort: boolean): System {
  const all = parts({ ...sizes, domains: 1, smmus: 1, devices: 1 });
  const pages = pageOwnership(m, all, sizes.iovas + sizes.cpus);
  const tables = ioPageTable(m, all);
  const registers = smmuRegisters(m, all, abort);
  const streams = streamTable(m, all, () => all.domain.of(0), registers);
  const hw = smmuv3(m, all, tables, streams, 2);
  const off = powerIsOff(m, all);
  const driver = el2Driver(m, all, streams, hw, off);
  const hardware = registerHardware(m, all, registers, streams, hw);
  powerHardware(m, all, registers, streams, hw, driver, off, { unseen: sizes.scmi, aborts: sizes.aPd && abort });
  const { pdOff, pdOn } = powerDomain(all, registers, hardware, driver, off, sizes);
  const core = iommuCore(all, pages, tables, hw, driver);
  const hypercalls = [core.mapPages, core.unmapPages, pages.donateHyp, pages.hypDonateHost, pdOff, pdOn];
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, hypercalls);

  m.assume('B7', 'caches survive SMMUEN=0 and a loss of power, until they are invalidated');
  if (sizes.aPd)
    m.assume('A-PD', 'after a loss of power the SMMU aborts: GBPA.ABORT is 1. The architecture does not promise it');
  if (!sizes.scmi)
    m.assume('PD', 'the host cuts power only while EL2 has the SMMU off, and it is back before EL2 resumes it');
  if (!sizes.timeouts) m.assume('CR0ACK', 'EL2 never gives up waiting for CR0ACK');

  const system: System = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  disabledSmmusAbort(m, system); // I-4
  newOwnersPagesAreOutOfReach(m, system); // I-7
  resumeInvalidatesFirst(m, system, registers, off); // L-6
  successMeansFlushed(m, system); // P-5
  queueIsUsedAfterAck(m, system, registers); // P-12
  el2NeverPanics(m, system); // P-14
  everyHypercallCanReturn(m, system); // wedge
  return system;
}

const sc06 = model({
  name: 'SC-06',
  title: 'power cycling: what was skipped while the SMMU was off is made good before it is on',
  scope,
  build: (m, sizes) => void declare(m, sizes, true),
});

const noGbpaCheck = model({
  name: 'SC-06/no-gbpa-check',
  title: 'the same, but take-over does not insist on GBPA.ABORT=1',
  scope,
  build: (m, sizes) => void declare(m, sizes, false),
  expected: (): Record<string, Expected> => ({ 'I-1': 'violated', 'I-4': 'violated', 'I-7': 'violated' }),
});

export default [sc06, noGbpaCheck];
