/** `reach`, with its small footprint, is what the literal closure of B7 says, in every state along equal traces. */
import { describe, expect, it } from 'vitest';
import { execute } from '../../src/explorer/index.js';
import { build, flag, int, keyOf, model, type Derived, type Machine } from '../../src/language/index.js';
import type { System } from '../../src/invariants/index.js';
import type { CommandQueue, IommuCore } from '../../src/spec/index.js';
import { declare } from '../../models/sc-01.js';
import {
  closure,
  completeSync,
  consumeTlbi,
  keyOfMay,
  pageOf,
  translations,
  type May,
  type Walkable,
} from './b7-closure.js';

const designs = {
  default: (core: IommuCore) => [core.mapPages, core.unmapPages],
  upstream: (core: IommuCore) => [core.mapPagesUpstream, core.unmapPagesUpstream],
};

function open(
  design: keyof typeof designs,
  scope: Record<string, unknown>,
  edits: string[],
): { machine: Machine; system: System } {
  let system: System | undefined;
  const probe = model({
    name: `probe/${design}`,
    title: 'SC-01, with its components in reach of the test',
    scope: {
      cpus: int(2, 1, 3, ''),
      devices: int(1, 1, 2, ''),
      pages: int(2, 1, 4, ''),
      iovas: int(1, 1, 3, ''),
      queue: int(2, 2, 4, ''),
      sharing: flag(false, ''),
    },
    build: (m, sizes) => {
      system = declare(m, sizes, designs[design]);
    },
  });
  const machine = build(probe, { scope, edits, properties: [] });
  return { machine, system: system as unknown as System };
}

type State = readonly unknown[];

/** Breadth-first over pairs of a state and what the literal closure may hold there; at most `limit` of them. */
function compare({ machine, system }: ReturnType<typeof open>, limit: number): { states: number; stale: number } {
  const { parts, tables, hw } = system;
  const [smmu] = parts.smmu.values;
  const value = <T>(state: State, variable: { number: number }): T => state[variable.number] as T;
  const derived = <T>(state: State, d: Derived<T>): T => d.compute((variable) => value(state, variable));
  const reach = parts.device.values.map((d) => hw.reach(d));
  const mayHold = parts.domain.values.map((d) => hw.mayHold(smmu, d));

  const walkable = (state: State): Walkable =>
    parts.domain.values.flatMap((d) =>
      derived(state, hw.walkers)[smmu].every(({ ttb }) => ttb !== d)
        ? []
        : parts.iova.values.flatMap((x) => {
            const leaf = value<ReturnType<typeof tables.Table.fill>>(state, tables.table(d)).get(x);
            return leaf?.tag === 'V' ? [{ domain: d, iova: x, page: leaf.value }] : [];
          }),
    );
  const after = (may: May, before: State, action: string): May => {
    const head = value<CommandQueue>(before, hw.cmdq(smmu)).ring.first();
    if (action === 'smmu0/consume-TLBI' && head?.tag === 'TLBI_S2_IPA')
      return consumeTlbi(may, head.value.domain, head.value.iova);
    return action === 'smmu0/complete-CMD_SYNC' ? completeSync(may) : may;
  };

  const key = (state: State, may: May): string =>
    state.map((v, i) => keyOf(machine.variables[i].sort, v)).join(' ') + keyOfMay(may);
  const start = machine.initialStates[0];
  let level: [State, May][] = [[start, closure({ tlb: new Set(), tlbOld: new Set() }, walkable(start))]];
  const seen = new Set(level.map(([state, may]) => key(state, may)));
  let stale = 0;
  while (level.length > 0 && seen.size < limit) {
    const following: [State, May][] = [];
    for (const [state, may] of level) {
      for (const [n, e] of parts.device.values.entries()) {
        const { walks } = derived(state, system.streams.mayConfig(parts.sidOf(e)));
        const literal = walks.flatMap(({ vmid }) => (vmid === null ? [] : translations(may, vmid).map(pageOf)));
        expect([...derived(state, reach[n])].sort()).toEqual([...new Set(literal)].sort());
      }
      for (const d of parts.domain.values) {
        expect([...derived(state, mayHold[d])].sort()).toEqual([...new Set(translations(may, d).map(pageOf))].sort());
        if (translations(may, d).length > walkable(state).length) stale++;
      }
      const { offers, faults } = execute(machine, state);
      expect(faults).toEqual([]);
      for (const offer of offers) {
        const next = closure(after(may, state, offer.action), walkable(offer.state));
        const k = key(offer.state, next);
        if (seen.has(k)) continue;
        seen.add(k);
        following.push([offer.state, next]);
      }
    }
    level = following;
  }
  return { states: seen.size, stale };
}

describe('reach equals the literal closure of B7', () => {
  it.each([
    ['default', { cpus: 1, iovas: 2 }, []],
    ['default', { cpus: 2, devices: 2 }, []],
    ['default', { cpus: 2, pages: 1, iovas: 2 }, []],
    ['default', { cpus: 1, iovas: 2 }, ['move unmap_pages/unuse_dma before unmap_pages/iotlb_sync']],
    ['default', { cpus: 2 }, ['drop unmap_pages/wait-for-CMD_SYNC']],
    ['default', { cpus: 2 }, ['drop unmap_pages/cmd_sync']],
    ['default', { cpus: 2 }, ['drop unmap_pages/tlb_inv_range']],
    ['default', { cpus: 2 }, ['move unmap_pages/invalidate-PTE before unmap_pages/write-CMD_SYNC']],
    ['default', { cpus: 1, iovas: 2 }, ['pass map_pages/leaf-is-not-valid', 'drop unmap_pages/tlb_inv_range']],
    ['upstream', { cpus: 2, pages: 1 }, []],
    ['upstream', { cpus: 2, pages: 2 }, []],
  ] as const)('%s %o %o', (design, scope, edits) => {
    const { states, stale } = compare(open(design, scope, [...edits]), 4_000);
    expect(states).toBeGreaterThan(100);
    expect(stale).toBeGreaterThan(0);
  });
});
