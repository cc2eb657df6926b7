/**
 * SC-02, two SMMUs, one domain: "which SMMU instances exist" (S3:64).
 *
 * SC-01 with each device behind an SMMU of its own, all attached to one domain. An unmap has to invalidate on every SMMU
 * of the domain before it gives the page back: window W-11 (one SMMU's TLBI done … the next one's done). Defect D-09 is
 * the loop that stops after the first. Components, adversary and properties are those of SC-01.
 *
 * For nightly runs: `smmus=3`, `pages=4`. Expected: all hold, in every scope.
 */
import { flag, int, model } from '../src/index.js';
import type { Defect } from './defect.js';
import { declare } from './sc-01.js';

const sc02 = model({
  name: 'SC-02',
  title: 'two SMMUs, one domain: the use ends when no SMMU may translate to the page',
  scope: {
    cpus: int(2, 1, 3, 'host CPUs issuing hypercalls'),
    smmus: int(2, 1, 3, 'SMMUs, each with a device, all attached to the domain'),
    pages: int(3, 1, 4, 'RAM pages'),
    iovas: int(2, 1, 3, 'IO virtual addresses of the domain, a page each'),
    queue: int(2, 2, 4, 'entries of the command queue'),
    sharing: flag(false, 'the host also shares pages with EL2, and takes them back'),
  },
  build: (m, { smmus, ...sizes }) =>
    void declare(m, { ...sizes, devices: smmus }, (core) => [core.mapPages, core.unmapPages], smmus),
});

export const defects: readonly Defect[] = [
  {
    id: 'D-09',
    what: 'TLBI on the first SMMU of the list only',
    model: 'SC-02',
    edits: ['once unmap_pages/each-SMMU'],
    scope: { pages: 2, iovas: 1 },
    violates: { 'I-1': 21, 'I-7': 21, 'I-14': 18, 'P-1': 24, 'P-4': 18 },
    brief: ['I-7'],
    macro: { here: 5, brief: 7 },
    note: 'the brief starts before alloc_domain and both attach_dev',
  },
];

export default [sc02];
