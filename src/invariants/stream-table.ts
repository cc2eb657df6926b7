/** The stream table (domain brief, section d): what a stream's configuration may be, however its words are mixed. */
import type { Builder } from '../language/index.js';
import type { CdTable, Walk } from '../spec/index.js';
import type { System } from './isolation.js';

/** P-2. VMID = ASID = domain id, so a walk is some domain's translation if its tag and its table are of one domain. */
export function wordsAreNeverMixed(m: Builder, { parts: { sid, domain }, streams }: System): void {
  const whole = ({ vmid, ttb }: Walk): boolean => vmid !== null && vmid === ttb;
  m.invariant('P-2', {
    text: 'For every live STE each intermediate memory content is fail-closed (V=0/abort) or equals old or new translation; no may-combination of words names a table outside {old,new}.',
    source: '§3.21; W-05',
    forall: { s: sid },
    reads: ({ s }) => ({ config: streams.mayConfig(s) }),
    when: ({ config }) => config.walks.length > 0,
    holds: ({ config }) => config.walks.every(whole),
    because: ({ config }, { s }) => {
      const { vmid, ttb } = config.walks.find((walk) => !whole(walk))!;
      const tag = vmid === null ? 'a VMID of zeroed words' : `the VMID or ASID of ${domain.print(vmid)}`;
      return `${sid.print(s)} may walk ${ttb === null ? 'a table at address 0' : `the table of ${domain.print(ttb)}`} under ${tag}`;
    },
  });
}

/** I-4, as far as the stream table goes: no stream's configuration lets it pass untranslated. */
export function streamsAreTranslated(m: Builder, { parts: { sid }, streams }: System): void {
  m.invariant('I-4', {
    text: 'After take-over no transaction passes untranslated: mayReach never yields ALL through STE bypass.',
    source: 'S3:75; §6.3',
    forall: { s: sid },
    reads: ({ s }) => ({ config: streams.mayConfig(s) }),
    when: ({ config }) => config.walks.length > 0 || config.bypass,
    holds: ({ config }) => !config.bypass,
    because: (_, { s }) => `${sid.print(s)} may pass untranslated`,
  });
}

/** I-3, the other way round: what lies behind a table of CDs is not EL2's to use as such. */
export function cdsLieInTables(m: Builder, { parts: { cdTable, pasid, pasidsInTable }, streams }: System): void {
  m.transition('I-3/CDs', {
    text: 'EL2 writes CDs only into a table of CDs: what lies behind it is somebody else’s memory.',
    source: 'B8: index check',
    forall: { t: cdTable, p: pasid },
    writes: ({ t, p }) => [streams.cd(t, p)],
    reads: ({ t, p }) => ({ cd: streams.cd(t, p) }),
    when: (before, after) => !before.cd.equals(after.cd),
    holds: (_before, _after, { p }) => pasidsInTable.includes(p),
    because: (_before, _after, { t, p }) => `EL2 writes a CD for ${pasid.print(p)} behind ${cdTable.print(t)}`,
  });
}

/** L-4, for tables of CDs. */
export function freedCdTablesAreUnnamed(m: Builder, { parts: { sid, cdTable }, streams }: System): void {
  m.transition('L-4', {
    text: 'A page leaves HYP ownership or the PT/CD/STE use only when no STE/CD/PTE/walk-cache may-set names it.',
    source: '§3.21',
    on: ['CD table freed'],
    forall: { s: sid },
    reads: ({ s }) => ({ config: streams.mayConfig(s) }),
    holds: ({ config }, _after, _, step) =>
      !config.cdTables.includes(step.emitted('CD table freed')!.cdTable as CdTable),
    because: (_before, _after, { s }, step) =>
      `${cdTable.print(step.emitted('CD table freed')!.cdTable as CdTable)} is freed, and ${sid.print(s)} may still fetch CDs from it`,
  });
}
