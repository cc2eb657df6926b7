/**
 * Stage 1 in the EL2 driver, PV design (B8): the CD table of a stream, its CDs, and the order in which they come and go.
 * A domain's kind goes with its id here: what a domain is called changes nothing but the tag in the TLB.
 */
import { done, fail, fragment, goto, handler, next, type Body } from '../language/index.js';
import type { CdTable, Domain, Parts, Pasid, Sid } from './parts.js';
import type { El2Driver } from './smmuv3-el2-driver.js';
import type { StreamTable } from './stream-table.js';

const source = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c (B8)';

/** What the host asks for when it allocates a domain. */
export type DomainKind = 'S1' | 'S2' | 'BYPASS';

export type El2Stage1 = ReturnType<typeof el2Stage1>;

interface Attaching {
  readonly domain: Domain;
  readonly sid: Sid;
  readonly pasid: Pasid;
  readonly cdTable: CdTable;
}

/**
 * The stage 1 parts of attach_dev and detach_dev.
 * @param freesFirst Android's order: the CD table is freed before the STE that names it is gone
 */
export function el2Stage1(
  all: Parts,
  streams: StreamTable,
  driver: El2Driver,
  kindOf: (d: Domain) => DomainKind,
  freesFirst: boolean,
) {
  const { domain, sid, pasid, pasidsInTable, cdTable, smmu, smmuOfSid } = all;
  const { cd, cdMemory, zeroCd, ste, cfg, cfgOld, cdWritten, cdTables, stage1 } = streams;
  const { lookAtPower, cfgiCd, cmdSync } = driver;

  const whole = { domain, sid, pasid, cdTable };

  type SteSeen = { readonly ste: { readonly w0: string } };
  /** What attach checks besides, once a domain need not be an S2 domain. */
  const attachChecks = [
    {
      id: 'STE-is-not-S1',
      doc: 'PASID 0 of a stream is attached once: an attach on top would leave the CD table of the first behind (W-05)',
      source: 'not upstream: W-05',
      test: ({ ste: { w0 } }: SteSeen, f: Attaching) =>
        kindOf(f.domain) !== 'S1' || f.pasid !== 0 || !w0.startsWith('S1'),
      else: fail('EBUSY'),
    },
    {
      id: 'S2-has-no-PASID',
      doc: 'stage 2 is for the whole stream',
      source,
      test: (_: SteSeen, f: Attaching) => kindOf(f.domain) === 'S1' || f.pasid === 0,
      else: fail('EBUSY'),
    },
  ];

  /** Comes before any look at the stream: -EINVAL goes before -EBUSY. */
  const fixUpType = (h: Body<typeof whole>) =>
    h.step('fix up type', {
      fn: 'smmu_attach_dev: type fix-up',
      source,
      guards: [
        {
          id: 'domain-is-not-BYPASS',
          doc: 'nothing passes untranslated',
          source,
          test: (_, f) => kindOf(f.domain) !== 'BYPASS',
          else: fail('EINVAL'),
        },
      ],
    });

  /** STE word 0 of a live stream. */
  const word0 = (f: Attaching) => {
    const kind = kindOf(f.domain);
    return kind === 'S1' ? stage1(f.cdTable) : kind;
  };

  const syncCd = fragment('smmu_sync_cd', { smmu, sid, pasid }, (h) => [
    h.step('is the CD table live', {
      doc: 'PASID 0 comes before the STE that names the table: nobody can have fetched from it',
      fn: 'smmu_sync_cd',
      source,
      run: (_, f) => (f.pasid === 0 ? done() : next()),
    }),
    ...lookAtPower(h, (f) => f.smmu, 'smmu_sync_cd'),
    h.call(cfgiCd, (f) => ({ smmu: f.smmu, sid: f.sid, pasid: f.pasid })),
    h.call(cmdSync, (f) => ({ smmu: f.smmu })),
  ]);
  const substreamOf = (f: Attaching) => ({ smmu: smmuOfSid(f.sid), sid: f.sid, pasid: f.pasid });

  const inTable = {
    id: 'PASID-is-in-table',
    doc: 'what lies behind the table is somebody else’s memory, whatever it looks like',
    source,
    test: (_: object, f: Pick<Attaching, 'domain' | 'pasid'>) =>
      kindOf(f.domain) !== 'S1' || pasidsInTable.includes(f.pasid),
    else: fail('E2BIG'),
  };

  const configS1 = fragment(
    'smmu_domain_config_s1',
    whole,
    (h) => [
      h.step('look at PASID', {
        doc: 'PASID 0 comes first, and brings the table',
        fn: 'smmu_domain_config_s1',
        source,
        reads: (f) => ({ ste: ste(f.sid) }),
        run: (s, f) => {
          const [named] = cdTables([s.ste.w0]);
          if (f.pasid === 0) return next();
          return (named as CdTable | undefined) === undefined
            ? fail('EINVAL')
            : goto('look at CD').local({ cdTable: named });
        },
      }),
      h.step('hyp_alloc CD table', {
        doc: 'any free piece of memory, zeroed',
        fn: 'smmu_domain_config_s1: hyp_alloc',
        source,
        atomic: 'hyp_alloc holds its own lock, and nobody else knows the memory yet',
        writes: () => ({ cdMemory, cd, cfg, cfgOld }),
        run: (s) => {
          const free = cdTable.values.filter((t) => s.cdMemory.at(t) === 'FREE');
          if (free.length === 0) return fail('ENOMEM');
          return free.map((t) => {
            const zeroed = pasidsInTable.reduce((all, p) => all.set(t, p, zeroCd), s.cd);
            const caches = pasidsInTable.reduce((seen, p) => cdWritten(seen, t, p, zeroCd), {
              cfg: s.cfg,
              cfgOld: s.cfgOld,
            });
            const { cfg: now, cfgOld: old } = caches;
            return next({ cdMemory: s.cdMemory.set(t, 'CD'), cd: zeroed, cfg: now, cfgOld: old }).local({
              cdTable: t,
            });
          });
        },
      }),
      h.step('look at CD', {
        fn: 'smmu_domain_config_s1',
        source,
        reads: (f) => ({ cd: cd(f.cdTable, f.pasid) }),
        guards: [
          inTable,
          {
            id: 'CD-is-not-in-use',
            doc: 'a PASID is attached to one domain at a time',
            source,
            test: (s) => s.cd.w0 === null,
            else: fail('EBUSY'),
          },
        ],
      }),
      h.step('write CD words 1..3', {
        doc: 'the ASID is invalid meanwhile; a table that no STE names yet needs no CFGI',
        fn: 'smmu_domain_config_s1',
        source,
        writes: (f) => ({ cd: cd(f.cdTable, f.pasid), cfg, cfgOld }),
        run: (s, f) => {
          const words = s.cd.set('ttb', f.domain);
          const seen = { cd: words, ...cdWritten(s, f.cdTable, f.pasid, words) };
          return next(seen);
        },
      }),
      h.call(syncCd, substreamOf, { as: 'sync CD words 1..3' }),
      h.step('write CD word 0', {
        doc: 'the PASID is live',
        fn: 'smmu_domain_config_s1',
        source,
        writes: (f) => ({ cd: cd(f.cdTable, f.pasid), cfg, cfgOld }),
        run: (s, f) => {
          const words = s.cd.set('w0', f.domain);
          const seen = { cd: words, ...cdWritten(s, f.cdTable, f.pasid, words) };
          return next(seen);
        },
      }),
      h.call(syncCd, substreamOf, { as: 'sync CD word 0' }),
    ],
    (f) => ({ cdTable: f.cdTable }),
  );

  const live = (words: { readonly w0: Domain | null }): boolean => words.w0 !== null;

  /** What an S1 domain is to be detached from: the whole stream for PASID 0, else one CD, at `clear CD word 0`. */
  const lookAtCds = (h: Body<typeof whole>) =>
    h.step('look at CDs', {
      fn: 'smmu_detach_dev: smmu_domain_detach_s1',
      source,
      reads: (f) => ({ ste: ste(f.sid), cd }),
      guards: [
        {
          id: 'STE-is-S1',
          doc: 'there is a CD table to detach from',
          source,
          test: ({ ste: { w0 } }, f) => kindOf(f.domain) !== 'S1' || w0.startsWith('S1'),
          else: fail('EACCES'),
        },
        inTable,
        {
          id: 'other-CDs-are-invalid',
          doc: 'PASID 0 goes last, and takes the table along',
          source,
          test: (s, f) =>
            kindOf(f.domain) !== 'S1' ||
            f.pasid !== 0 ||
            cdTables([s.ste.w0]).every((t) => pasidsInTable.every((p) => p === 0 || !live(s.cd.at(t, p)))),
          else: fail('EINVAL'),
        },
        {
          id: 'ASID-matches',
          doc: 'the PASID is attached to this domain',
          source,
          test: (s, f) =>
            kindOf(f.domain) !== 'S1' || cdTables([s.ste.w0]).some((t) => s.cd.at(t, f.pasid).w0 === f.domain),
          else: fail('EACCES'),
        },
      ],
      run: (s, f) => {
        const [named] = cdTables([s.ste.w0]);
        if (kindOf(f.domain) !== 'S1') return next();
        return (f.pasid === 0 ? next() : goto('clear CD word 0')).local({ cdTable: named });
      },
    });

  const freeCdTable = (h: Body<typeof whole>) =>
    h.step('hyp_free CD table', {
      doc: 'nothing may name it any more: EL2 uses it for something else, or gives it back to the host',
      fn: 'smmu_detach_dev: hyp_free',
      source,
      writes: (f) => ({ memory: cdMemory(kindOf(f.domain) === 'S1' ? f.cdTable : cdTable.of(0)) }),
      run: (_, f) =>
        kindOf(f.domain) === 'S1' ? next({ memory: 'FREE' }).emit('CD table freed', { cdTable: f.cdTable }) : next(),
    });

  const clearCd = (h: Body<typeof whole>) => [
    h.step('clear CD word 0', {
      doc: 'the PASID is dead in memory; caches may still hold it',
      fn: 'smmu_detach_dev: smmu_domain_detach_s1',
      source,
      writes: (f) => ({ cd: cd(f.cdTable, f.pasid), cfg, cfgOld }),
      run: (s, f) => {
        const words = s.cd.set('w0', null);
        return next({ cd: words, ...cdWritten(s, f.cdTable, f.pasid, words) });
      },
    }),
    h.call(syncCd, substreamOf, { as: 'sync CD word 0' }),
    h.step('clear CD words 1..3', {
      fn: 'smmu_detach_dev: smmu_domain_detach_s1',
      source,
      writes: (f) => ({ cd: cd(f.cdTable, f.pasid), cfg, cfgOld }),
      run: (s, f) => next({ cd: zeroCd, ...cdWritten(s, f.cdTable, f.pasid, zeroCd) }),
    }),
    h.call(syncCd, substreamOf, { as: 'sync CD words 1..3' }),
  ];

  /** A piece of free memory changes sides. */
  const moves = (name: string, from: 'FREE' | 'HOST', to: 'FREE' | 'HOST', doc: string) =>
    handler(name, {}, (h) => [
      h.step(name, {
        doc,
        fn: name,
        source: 'arch/arm64/kvm/hyp/nvhe/alloc.c (B3)',
        atomic: 'the allocator holds its own lock',
        writes: () => ({ cdMemory }),
        run: (s) => {
          const some = cdTable.values.filter((t) => s.cdMemory.at(t) === from);
          return some.length === 0 ? done() : some.map((t) => done('', { cdMemory: s.cdMemory.set(t, to) }));
        },
      }),
    ]);
  const reclaim = moves('hyp_alloc_reclaim', 'FREE', 'HOST', 'the host takes back what the allocator does not use');
  const refill = moves('hyp_alloc_refill', 'HOST', 'FREE', 'the host donates memory to the allocator');

  return {
    kindOf,
    freesFirst,
    fixUpType,
    attachChecks,
    word0,
    configS1,
    lookAtCds,
    freeCdTable,
    clearCd,
    reclaim,
    refill,
  };
}
