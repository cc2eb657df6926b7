/** The codes that stand in texts (`W-22`, `I-14`, `S1`), with the sentence that says what each means. */
import { windows } from '../../models/windows.js';
import type { Machine } from '../language/index.js';
import { allDefects } from './catalogue.js';
import { builtinModels } from './models.js';

/** What models are read from: three texts, and the parts of the system. Steps and properties name them as sources. */
const sources: Readonly<Record<string, string>> = {
  S1: 'the mail thread on TEE support for remoteproc (v19 2/6); a number behind it is a line',
  S2: 'the patch that gives KVM an IOMMU driver (v3 14/29); a number behind it is a line',
  S3: 'the question how to move the SMMU driver to EL2, with its answers; a number behind it is a line',
  B1: 'part of the system: boot, registration and take-over of SMMUs',
  B2: 'part of the system: who owns a page (mem_protect.c)',
  B3: 'part of the system: the hypervisor’s memory pool and its refill',
  B4: 'part of the system: the IOMMU core at EL2',
  B5: 'part of the system: the design with an identity map',
  B6: 'part of the system: trap and emulate, with nesting',
  B7: 'part of the system: the SMMUv3 itself',
  B8: 'part of the system: the SMMUv3 driver at EL2',
  B9: 'part of the system: power domains',
  B10: 'part of the system: which devices a guest may have, and the freeze of their description',
  B11: 'part of the system: Tegra’s memory controller',
  B12: 'part of the system: the core of remoteproc',
  B13: 'part of the system: the client of the TEE in remoteproc',
  B14: 'part of the system: the TEE bus, contexts, and the driver core',
  B15: 'part of the system: OP-TEE’s remoteproc TA and PTA',
  B16: 'part of the system: the remote processor and its memory',
};

/** What looks like a code. */
const CODE = /(?<![\w/-])(?:[A-Z]{1,3}-[A-Z]?\d{1,3}[A-Za-z]?|[A-Z]\d{1,2})(?![\w-])/g;

/** The codes that stand in a text and are known, by code in their order. */
export function codesIn(text: string, machine: Machine | undefined): Record<string, string> {
  const known = new Map<string, string>([
    ...allDefects().map(({ id, what }): [string, string] => [id, `seeded defect: ${what}`]),
    ...builtinModels().map(({ model: { name, title } }): [string, string] => [name, `scenario: ${title}`]),
    ...windows.map(({ id, between, danger }): [string, string] => [id, `window: ${between}: ${danger}`]),
    ...Object.entries(sources),
    ...(machine?.assumptions ?? []).map((one): [string, string] => [one.id, `assumption: ${one.text}`]),
    ...(machine?.properties ?? []).map((one): [string, string] => [one.id, `property: ${one.text}`]),
  ]);
  const found = [...new Set(text.match(CODE) ?? [])].sort();
  return Object.fromEntries(found.flatMap((code) => (known.has(code) ? [[code, known.get(code) as string]] : [])));
}
