/** Domains and streams (domain brief, section d): who is attached to what, and what is left when a domain ends. */
import type { Builder } from '../language/index.js';
import type { Domain, DomainRefs, El2Driver, Sid, Smmu } from '../spec/index.js';
import type { System } from './isolation.js';

/** L-1: a domain's refcount is its own reference and one a stream. */
export function refsCountStreams(m: Builder, { parts: { domain }, streams }: System, { refs }: DomainRefs): void {
  m.quiescent('L-1', {
    text: 'dom[id].refs = 1 + number of (smmu,sid,pasid) attached to id, and 0 iff unallocated.',
    source: 'iommu.c',
    forall: { d: domain },
    reads: ({ d }) => ({ refs: refs(d), ste: streams.ste, cd: streams.cd }),
    holds: (s, { d }) => {
      const attached = streams.attachedTo(s, d);
      return s.refs === 0 ? attached.length === 0 : s.refs === 1 + attached.length;
    },
    because: (s, { d }) => `${domain.print(d)} has ${s.refs} references, and other streams than these count`,
  });
}

/** L-2: the driver's lists and the stream table agree: no stream is in the lists of two domains. */
export function streamsHaveOneDomain(
  m: Builder,
  { parts: { smmu, domain, smmuOfSid }, streams }: System,
  { nodes }: El2Driver,
): void {
  m.quiescent('L-2', {
    text: 'Each (smmu,sid,pasid) is attached to at most one domain.',
    source: 'attach -EBUSY rule',
    forall: { s: smmu },
    reads: () => ({ nodes, ste: streams.ste, cd: streams.cd }),
    holds: (seen, { s }) =>
      domain.values.every(
        (d) =>
          seen.nodes.at(d).get(s) === streams.attachedTo(seen, d).filter((stream) => smmuOfSid(stream) === s).length,
      ),
    because: (_, { s }) => `the domains' lists count other streams on ${smmu.print(s)} than its stream table has`,
  });
}

/** L-3: tables do not end while some STE, in memory or cached, names them. */
export function freedTablesAreUnnamed(m: Builder, { parts: { domain }, streams }: System): void {
  m.transition('L-3', {
    text: 'free_domain succeeds only if no live STE/CD (memory or may-set) names the domain’s tables.',
    source: 'iommu.c',
    on: ['domain freed'],
    reads: () => ({ walkers: streams.walkers }),
    holds: (before, _after, _, step) => {
      const { domain: d } = step.emitted('domain freed') as unknown as { domain: Domain };
      return before.walkers.every((walks) => walks.every(({ ttb }) => ttb !== d));
    },
    because: (_before, _after, _, step) => {
      const { domain: d } = step.emitted('domain freed') as unknown as { domain: Domain };
      return `${domain.print(d)} is freed, and an SMMU may hold an STE that names its table`;
    },
  });
}

/** L-5 for domains that end: what their leaves pinned is given back, since nobody could do it later. */
export function freedTablesAreEmpty(m: Builder, { parts: { domain }, tables }: System, { refs }: DomainRefs): void {
  m.quiescent('L-5/tables', {
    text: 'A domain that is not allocated has no leaves: a leaf that went with its table would leave its page pinned.',
    source: 'use/unuse pairing: free_leaf',
    forall: { d: domain },
    reads: ({ d }) => ({ refs: refs(d), table: tables.table(d) }),
    when: (s) => s.refs === 0,
    holds: (s) => s.table.every(({ tag }) => tag === 'ZERO'),
    because: (_, { d }) => `${domain.print(d)} is gone, and pages that it mapped stay pinned`,
  });
}

/** L-3 for those at work on a table: they hold a reference on its domain (W-30). */
export function writtenTablesExist(m: Builder, { parts: { domain } }: System, { refs }: DomainRefs): void {
  m.transition('L-3/use', {
    text: 'A leaf is installed only in the table of an allocated domain.',
    source: 'iommu.c: domain_get',
    on: ['PTE installed'],
    reads: () => ({ refs }),
    holds: (before, _after, _, step) =>
      before.refs.at((step.emitted('PTE installed') as unknown as { domain: Domain }).domain) > 0,
    because: (_before, _after, _, step) => {
      const { domain: d } = step.emitted('PTE installed') as unknown as { domain: Domain };
      return `the table of ${domain.print(d)} is gone, and a leaf is written into it`;
    },
  });
}

/** I-3: a configuration that translates names the table of a domain that is there, and CDs where there are CDs. */
export function walkedTablesExist(
  m: Builder,
  { parts: { sid, domain, cdTable, smmuOfSid }, streams }: System,
  { refs }: DomainRefs,
): void {
  m.invariant('I-3', {
    text: 'Every structure that a live STE or CD, in memory or cached, names is one that EL2 uses as such: the table of an allocated domain, or a table of CDs.',
    source: 'IHI 0070 §3.21; S3:77-81',
    forall: { s: sid },
    reads: ({ s }) => ({
      config: streams.mayConfig(s),
      refs,
      cdMemory: streams.cdMemory,
      modes: streams.switches.modes,
    }),
    when: ({ config, modes }, { s }) =>
      modes[smmuOfSid(s)].has('TRANSLATE') && (config.walks.length > 0 || config.cdTables.length > 0),
    holds: (seen) =>
      seen.config.walks.every(({ ttb }) => ttb !== null && seen.refs.at(ttb) > 0) &&
      seen.config.cdTables.every((t) => seen.cdMemory.at(t) === 'CD'),
    because: (seen, { s }) => {
      const freed = seen.config.cdTables.find((t) => seen.cdMemory.at(t) !== 'CD');
      if (freed !== undefined) return `${sid.print(s)} may fetch CDs from ${cdTable.print(freed)}, which is freed`;
      const { ttb } = seen.config.walks.find((walk) => walk.ttb === null || seen.refs.at(walk.ttb) === 0)!;
      return `${sid.print(s)} may walk ${ttb === null ? 'nobody’s table' : `the freed table of ${domain.print(ttb)}`}`;
    },
  });
}

/** I-13, its first half: a VMID is one domain's. */
export function vmidsAreNotShared(m: Builder, { parts: { smmu, domain }, streams }: System): void {
  m.invariant('I-13/live', {
    text: 'Two domains live on one SMMU with different tables never share a VMID/ASID.',
    source: 'driver: VMID=ASID=domain id',
    forall: { s: smmu, v: domain },
    reads: () => ({ walkers: streams.walkers }),
    when: (seen, { s, v }) => seen.walkers[s].some(({ vmid, ttb }) => vmid === v && ttb !== null),
    holds: (seen, { s, v }) =>
      new Set(seen.walkers[s].filter(({ vmid, ttb }) => vmid === v && ttb !== null).map(({ ttb }) => ttb)).size === 1,
    because: (_, { s, v }) => `${smmu.print(s)} may walk two tables under VMID ${v}`,
  });
}

/** I-13, its second half: a VMID comes to an SMMU clean. */
export function vmidsComeClean(m: Builder, { parts: { smmu, domain, sid, smmuOfSid, vmidOf }, hw }: System): void {
  const everywhere = smmu.values.flatMap((s) => domain.values.map((d) => ({ s, d })));
  const name = (s: Smmu, d: Domain): string => `${smmu.print(s)} ${domain.print(d)}`;
  const leftover = m.derived(
    'what only an invalidation can remove',
    Object.fromEntries(everywhere.map(({ s, d }) => [name(s, d), hw.leftover(s, d)])),
    (seen) => new Map(Object.entries(seen).map(([key, pages]) => [key, (pages as Set<number>).size])),
  );
  m.transition('I-13', {
    text: 'A device is attached under a VMID only when tlb∪tlbOld of that SMMU holds no entry of that VMID from an earlier domain.',
    source: 'driver: VMID=ASID=domain id',
    on: ['STE live'],
    reads: () => ({ leftover }),
    when: (_before, _after, _, step) => step.emitted('STE live')!.first === true,
    holds: (before, _after, _, step) => {
      const { sid: stream, domain: d } = step.emitted('STE live') as unknown as { sid: Sid; domain: Domain };
      return before.leftover.get(name(smmuOfSid(stream), vmidOf(d))) === 0;
    },
    because: (_before, _after, _, step) => {
      const { sid: stream, domain: d } = step.emitted('STE live') as unknown as { sid: Sid; domain: Domain };
      return `${sid.print(stream)} is attached under the VMID of ${domain.print(d)}, and ${smmu.print(smmuOfSid(stream))} may still hold old entries of it`;
    },
  });
}
