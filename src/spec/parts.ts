/** The things a scenario is made of, and how they are wired to each other. */
import { index, record, type Index, type IndexSort, type RecordSort } from '../language/index.js';

export type Page = Index<'page'>;
export type Iova = Index<'iova'>;
export type Domain = Index<'domain'>;
export type Smmu = Index<'smmu'>;
export type Device = Index<'device'>;

/** How many of each there are. */
export interface Sizes {
  readonly cpus: number;
  readonly pages: number;
  readonly iovas: number;
  readonly domains: number;
  readonly smmus: number;
  readonly devices: number;
}

/** The index sorts of a scenario, and its fixed wiring. */
export interface Parts extends Pick<Sizes, 'cpus'> {
  readonly page: IndexSort<'page'>;
  readonly iova: IndexSort<'iova'>;
  readonly domain: IndexSort<'domain'>;
  readonly smmu: IndexSort<'smmu'>;
  readonly device: IndexSort<'device'>;
  /** One leaf's place: where a domain maps something. */
  readonly mapping: RecordSort<{ domain: IndexSort<'domain'>; iova: IndexSort<'iova'> }>;
  /** The SMMU that a device sits behind. */
  smmuOf(device: Device): Smmu;
}

/** Devices are spread over the SMMUs in turn. VMID = ASID = domain id (B8), so there is no sort of VMIDs. */
export function parts(sizes: Sizes): Parts {
  const smmu = index('smmu', sizes.smmus);
  const domain = index('domain', sizes.domains);
  const iova = index('iova', sizes.iovas);
  return {
    cpus: sizes.cpus,
    page: index('page', sizes.pages),
    iova,
    domain,
    mapping: record('Mapping', { domain, iova }),
    smmu,
    device: index('device', sizes.devices),
    smmuOf: (device) => smmu.of(device % sizes.smmus),
  };
}
