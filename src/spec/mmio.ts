/**
 * MMIO pages of SMMUs and of the memory controller (B10): who owns them, and whether the host's stage-2 still maps
 * them. A page that it maps, EL1 may store to at any time (T2); a store to any other page traps to EL2.
 */
import {
  bool,
  enumOf,
  fail,
  fragment,
  next,
  record,
  type Builder,
  type LocalSorts,
  type Locals,
  type ValueOf,
  type Var,
} from '../language/index.js';
import type { Parts } from './parts.js';

const source = 'arch/arm64/kvm/hyp/nvhe/mem_protect.c (B2, B8)';

const MmioPage = record('MmioPage', { owner: enumOf('HOST', 'HYP'), hostMaps: bool });
export type MmioPageValue = ValueOf<typeof MmioPage>;

const hosts = MmioPage.make({ owner: 'HOST', hostMaps: true });
const hyps = MmioPage.make({ owner: 'HYP', hostMaps: false });

/** It is EL2's, and EL1 can't get at it. */
export const isEl2s = ({ owner, hostMaps }: MmioPageValue): boolean => owner === 'HYP' && !hostMaps;

export type Mmio = ReturnType<typeof mmio>;

/**
 * Declares the pages.
 * @param smmusTaken EL2 has the SMMUs' pages from the start
 */
export function mmio(m: Builder, { smmu }: Parts, smmusTaken: boolean) {
  const smmuPage = m.family('MMIO', [smmu], MmioPage, smmusTaken ? hyps : hosts);
  const mcPage = m.variable('MMIO[mc]', MmioPage, hosts);
  m.explain(
    smmuPage,
    'the MMIO page of the SMMU: who owns it, and whether the host’s stage-2 still maps it, so that EL1 can store to it',
  );
  m.explain(
    mcPage,
    'the MMIO page of the memory controller: who owns it, and whether the host’s stage-2 still maps it',
  );

  /** The host gives a page to EL2. Once it is unmapped and the TLB is flushed, no store of EL1 is on its way. */
  const donate = <L extends LocalSorts>(name: string, locals: L, page: (f: Locals<L>) => Var<MmioPageValue>) =>
    fragment(name, locals, (h) => [
      h.step('unmap', {
        fn: '__pkvm_host_donate_hyp: host_stage2_set_owner_locked',
        source,
        writes: (f) => ({ page: page(f) }),
        guards: [
          {
            id: 'host-owns-MMIO',
            doc: 'only the host’s page can be given away',
            source,
            test: (s) => s.page.owner === 'HOST',
            else: fail('EPERM'),
          },
        ],
        run: (s) => next({ page: s.page.set('hostMaps', false) }),
      }),
      h.step('set owner', {
        fn: '__pkvm_host_donate_hyp: __host_set_page_state_range',
        source,
        writes: (f) => ({ page: page(f) }),
        run: (s) => next({ page: s.page.set('owner', 'HYP') }),
      }),
    ]);

  /** The reverse, before the freeze. */
  const giveBack = <L extends LocalSorts>(name: string, locals: L, page: (f: Locals<L>) => Var<MmioPageValue>) =>
    fragment(name, locals, (h) => [
      h.step('set owner', {
        fn: '__pkvm_hyp_donate_host',
        source,
        writes: (f) => ({ page: page(f) }),
        run: (s) => next({ page: s.page.set('owner', 'HOST') }),
      }),
      h.step('map', {
        fn: '__pkvm_hyp_donate_host: host_stage2_set_owner_locked',
        source,
        writes: (f) => ({ page: page(f) }),
        run: (s) => next({ page: s.page.set('hostMaps', true) }),
      }),
    ]);

  return {
    smmuPage,
    mcPage,
    pages: [...smmuPage.all, mcPage],
    takeSmmu: donate('take SMMU MMIO', { smmu }, (f) => smmuPage(f.smmu)),
    takeMc: donate('take MC MMIO', {}, () => mcPage),
    giveSmmuBack: giveBack('give SMMU MMIO back', { smmu }, (f) => smmuPage(f.smmu)),
    giveMcBack: giveBack('give MC MMIO back', {}, () => mcPage),
  };
}
