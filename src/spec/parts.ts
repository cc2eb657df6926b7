/** The things a scenario is made of, and how they are wired to each other. */
import { index, record, type Index, type IndexSort, type RecordSort } from '../language/index.js';

export type Page = Index<'page'>;
export type Iova = Index<'iova'>;
export type Domain = Index<'domain'>;
export type Smmu = Index<'smmu'>;
export type Device = Index<'device'>;
export type Sid = Index<'sid'>;
export type Pasid = Index<'pasid'>;
export type CdTable = Index<'cdtab'>;

/** How many of each there are. */
export interface Sizes {
  readonly cpus: number;
  readonly pages: number;
  readonly iovas: number;
  readonly domains: number;
  readonly smmus: number;
  readonly devices: number;
  /** SubstreamIDs that a device may present, 0 included. */
  readonly pasids?: number;
  /** More SubstreamIDs, which the host may name and for which a table of context descriptors has no room. */
  readonly pasidsBeyond?: number;
  /** Domain 0 is the identity domain (B4): VMID 0, and so what zeroed words of an STE name. */
  readonly identity?: boolean;
  /** Pieces of EL2 memory for tables of context descriptors. Without any, there is stage 2 only. */
  readonly cdTables?: number;
}

/** The index sorts of a scenario, and its fixed wiring. */
export interface Parts extends Pick<Sizes, 'cpus'> {
  readonly page: IndexSort<'page'>;
  readonly iova: IndexSort<'iova'>;
  readonly domain: IndexSort<'domain'>;
  /** The identity domain, where there is one. */
  readonly identity?: Domain;
  /** The others: each of their leaves holds a use of its page. */
  readonly mappingDomains: readonly Domain[];
  readonly smmu: IndexSort<'smmu'>;
  readonly device: IndexSort<'device'>;
  /** StreamIDs, numbered over all SMMUs: a StreamID here stands for a pair (SMMU, StreamID). */
  readonly sid: IndexSort<'sid'>;
  readonly pasid: IndexSort<'pasid'>;
  /** Those that a table of context descriptors has room for: 2^S1CDMax. Behind it comes memory that is somebody else's. */
  readonly pasidsInTable: readonly Pasid[];
  readonly substream: RecordSort<{ sid: IndexSort<'sid'>; pasid: IndexSort<'pasid'> }>;
  readonly cdTable: IndexSort<'cdtab'>;
  /** One leaf's place: where a domain maps something. */
  readonly mapping: RecordSort<{ domain: IndexSort<'domain'>; iova: IndexSort<'iova'> }>;
  /** The VMID (and ASID) that a domain's entries are tagged with: its id (B8), unless a variant says otherwise. */
  vmidOf(domain: Domain): Domain;
  /** The SMMU that a device sits behind. */
  smmuOf(device: Device): Smmu;
  /** The StreamID that a device presents. */
  sidOf(device: Device): Sid;
  /** The SMMU whose stream table has the StreamID. */
  smmuOfSid(sid: Sid): Smmu;
}

/**
 * Devices are spread over the SMMUs in turn, each with a StreamID of its own. VMID = ASID = domain id (B8), so there is no
 * sort of VMIDs: domain ids stand for them.
 */
export function parts(sizes: Sizes, vmidOf: Parts['vmidOf'] = (d) => d): Parts {
  const smmu = index('smmu', sizes.smmus);
  const domain = index('domain', sizes.domains);
  const iova = index('iova', sizes.iovas);
  const sid = index('sid', sizes.devices);
  const { pasids = 1, pasidsBeyond = 0 } = sizes;
  const pasid = index('pasid', pasids + pasidsBeyond);
  return {
    cpus: sizes.cpus,
    page: index('page', sizes.pages),
    iova,
    domain,
    ...(sizes.identity ? { identity: domain.of(0) } : {}),
    mappingDomains: sizes.identity ? domain.values.slice(1) : domain.values,
    mapping: record('Mapping', { domain, iova }),
    smmu,
    vmidOf,
    device: index('device', sizes.devices),
    sid,
    pasid,
    pasidsInTable: pasid.values.slice(0, pasids),
    substream: record('Substream', { sid, pasid }),
    cdTable: index('cdtab', sizes.cdTables ?? 0),
    smmuOf: (device) => smmu.of(device % sizes.smmus),
    sidOf: (device) => sid.of(device),
    smmuOfSid: (stream) => smmu.of(stream % sizes.smmus),
  };
}
