/** `reach`, with its small footprint, is what the literal closure of B7 says, in every state along equal traces. */
import { describe, expect, it } from 'vitest';
import { execute } from '../../src/explorer/index.js';
import { build, choice, flag, int, keyOf, model, type Derived, type Machine } from '../../src/language/index.js';
import type { System } from '../../src/invariants/index.js';
import type { CommandQueue, IommuCore } from '../../src/spec/index.js';
import { declare as declareSc01 } from '../../models/sc-01.js';
import { declare as declareSc03 } from '../../models/sc-03.js';
import { declare as declareSc06 } from '../../models/sc-06.js';
import {
  closure,
  combinations,
  completeSync,
  consumeCfgi,
  consumeTlbi,
  empty,
  keyOfMay,
  mayReach,
  pagesUnder,
  type May,
  type Memory,
} from './b7-closure.js';

interface Opened {
  readonly machine: Machine;
  readonly system: System;
}

/** SC-01: one domain, attached for good. */
function openSc01(
  mapAndUnmap: (core: IommuCore) => ReturnType<Parameters<typeof declareSc01>[2]>,
  scope: Record<string, unknown>,
  edits: readonly string[],
): Opened {
  let system: System | undefined;
  const probe = model({
    name: 'probe/SC-01',
    title: 'SC-01, with its components in reach of the test',
    scope: {
      cpus: int(2, 1, 3, ''),
      devices: int(1, 1, 2, ''),
      pages: int(2, 1, 4, ''),
      iovas: int(1, 1, 3, ''),
      queue: int(2, 2, 4, ''),
      sharing: flag(false, ''),
    },
    build: (m, sizes) => void (system = declareSc01(m, sizes, mapAndUnmap)),
  });
  const machine = build(probe, { scope, edits, properties: [] });
  return { machine, system: system as unknown as System };
}

/** SC-03: domains come and go, streams are attached and detached. */
function openSc03(scope: Record<string, unknown>, edits: readonly string[]): Opened {
  let system: System | undefined;
  const probe = model({
    name: 'probe/SC-03',
    title: 'SC-03, with its components in reach of the test',
    scope: {
      cpus: int(1, 1, 3, ''),
      smmus: int(1, 1, 1, ''),
      devices: int(1, 1, 2, ''),
      domains: int(1, 1, 3, ''),
      pages: int(1, 1, 3, ''),
      iovas: int(1, 1, 2, ''),
    },
    build: (m, sizes) => void (system = declareSc03(m, sizes, {})),
  });
  const machine = build(probe, { scope, edits, properties: [] });
  return { machine, system: system as unknown as System };
}

/** SC-06: one domain, attached for good, to an SMMU that is switched off and on. */
function openSc06(scope: Record<string, unknown>, edits: readonly string[]): Opened {
  let system: System | undefined;
  const probe = model({
    name: 'probe/SC-06',
    title: 'SC-06, with its components in reach of the test',
    scope: {
      cpus: int(1, 1, 2, ''),
      smmus: int(1, 1, 1, ''),
      pages: int(1, 1, 3, ''),
      iovas: int(1, 1, 2, ''),
      order: choice(['B', 'A'], ''),
      timeouts: flag(false, ''),
      scmi: flag(false, ''),
    },
    build: (m, sizes) => void (system = declareSc06(m, sizes, {})),
  });
  const machine = build(probe, { scope, edits, properties: [] });
  return { machine, system: system as unknown as System };
}

type State = readonly unknown[];
interface Registers {
  readonly powered: boolean;
  readonly cr0: string;
  readonly ack: string;
  readonly STRTAB_BASE: string;
}

interface Compared {
  readonly pairs: number;
  /** Pairs in which caches hold what can't be walked to. */
  readonly stale: number;
  /** Pairs in which the old generation of some stream's words differs from what memory says. */
  readonly oldWords: number;
  /** Pairs with a torn STE under a VMID of zeroed words: compared, but nothing after them. */
  readonly torn: number;
}

/** Breadth-first over pairs of a state and what the literal closure may hold there; at most about `limit` of them. */
function compare({ machine, system }: Opened, limit: number): Compared {
  const { parts, tables, hw, streams } = system;
  const [smmu] = parts.smmu.values;
  const value = <T>(state: State, variable: { number: number }): T => state[variable.number] as T;
  const derived = <T>(state: State, d: Derived<T>): T => d.compute((variable) => value(state, variable));
  const reach = parts.device.values.map((d) => hw.reach(d));
  const mayHold = parts.domain.values.map((d) => hw.mayHold(smmu, d));

  const memory = (state: State): Memory => ({
    ste: parts.sid.values.map((sid) => value<typeof streams.zero>(state, streams.ste(sid))),
    leaves: parts.domain.values.flatMap((d) =>
      parts.iova.values.flatMap((x) => {
        const leaf = value<ReturnType<typeof tables.Table.fill>>(state, tables.table(d)).get(x);
        return leaf?.tag === 'V' ? [{ table: d, iova: x, page: leaf.value }] : [];
      }),
    ),
  });
  const registers = machine.variables.findIndex(({ name }) => name === 'registers[smmu0]');
  /** SMMUEN is, or may still be, effective: until CR0ACK says CR0, every value since the last time counts. */
  const enabled = (state: State, before: boolean): boolean => {
    if (registers < 0) return true;
    const { powered, cr0, ack, STRTAB_BASE } = state[registers] as Registers;
    return powered && STRTAB_BASE === 'EL2' && ([cr0, ack].includes('SMMUEN|CMDQEN') || (cr0 !== ack && before));
  };
  /** SMMUEN, and nobody has programmed STRTAB_BASE: all pages are in reach. */
  const astray = (state: State): boolean => {
    if (registers < 0) return false;
    const { cr0, ack, STRTAB_BASE } = state[registers] as Registers;
    return STRTAB_BASE !== 'EL2' && [cr0, ack].includes('SMMUEN|CMDQEN');
  };
  const grown = (may: May, state: State, on: boolean): May => (on ? closure(may, memory(state)) : may);
  const after = (may: May, before: State, action: string): May => {
    if (!action.startsWith('smmu0/')) return may;
    const head = value<CommandQueue>(before, hw.cmdq(smmu)).ring.first();
    switch (head?.tag) {
      case 'TLBI_S2_IPA':
        return consumeTlbi(may, head.value.domain, head.value.iova);
      case 'TLBI_S12_VMALL':
        return consumeTlbi(may, head.value);
      case 'CFGI_STE':
        return consumeCfgi(may, head.value, memory(before));
      case 'CFGI_ALL':
        return parts.sid.values.reduce((all, sid) => consumeCfgi(all, sid, memory(before)), may);
      case 'TLBI_NSNH_ALL':
        return parts.domain.values.reduce((all, d) => consumeTlbi(all, d), may);
      case 'CMD_SYNC':
        return completeSync(may);
      default:
        throw new Error(`the SMMU took ${action} at ${String(head?.tag)}`);
    }
  };
  const same = (some: Iterable<number>, others: Iterable<number>): void => {
    const [one, other] = [some, others].map((pages) => [...new Set(pages)].sort());
    if (one.join() !== other.join()) expect(one).toEqual(other);
  };

  const key = (state: State, may: May, on: boolean): string =>
    `${state.map((v, i) => keyOf(machine.variables[i].sort, v)).join(' ')} ${keyOfMay(may)} ${on}`;
  const start = machine.initialStates[0];
  let level: [State, May, boolean][] = [[start, grown(empty(parts.sid.values.length), start, true), true]];
  const seen = new Set(level.map((pair) => key(...pair)));
  const counts = { stale: 0, oldWords: 0, torn: 0 };
  while (level.length > 0 && seen.size < limit) {
    const following: [State, May, boolean][] = [];
    for (const [state, may, on] of level) {
      for (const [n, e] of parts.device.values.entries()) {
        const walked = on ? mayReach(may, parts.sidOf(e), parts.page.values) : [];
        same(derived(state, reach[n]), astray(state) ? parts.page.values : walked);
      }
      for (const d of parts.domain.values) {
        same(derived(state, mayHold[d]), pagesUnder(may, d));
        if (pagesUnder(may, d).length > memory(state).leaves.length) counts.stale++;
      }
      const ways = parts.sid.values.flatMap((sid) => combinations(may, sid));
      if (parts.sid.values.some((sid) => may.cfgOld[sid].w0.size > 0)) counts.oldWords++;
      if (ways.some(({ vmid, ttb }) => vmid === null && ttb !== null)) {
        counts.torn++;
        continue;
      }
      const { offers, faults } = execute(machine, state);
      expect(faults).toEqual([]);
      for (const offer of offers) {
        const stillOn = enabled(offer.state, on);
        const next = grown(after(may, state, offer.action), offer.state, stillOn);
        const k = key(offer.state, next, stillOn);
        if (seen.has(k)) continue;
        seen.add(k);
        following.push([offer.state, next, stillOn]);
      }
    }
    level = following;
  }
  return { pairs: seen.size, ...counts };
}

const asIs = (core: IommuCore) => [core.mapPages, core.unmapPages];
const upstream = (core: IommuCore) => [core.mapPagesUpstream, core.unmapPagesUpstream];

describe('reach equals the literal closure of B7', () => {
  it.each([
    [asIs, { cpus: 1, iovas: 2 }, []],
    [asIs, { cpus: 2, devices: 2 }, []],
    [asIs, { cpus: 2, pages: 1, iovas: 2 }, []],
    [asIs, { cpus: 1, iovas: 2 }, ['move unmap_pages/unuse_dma before unmap_pages/iotlb_sync']],
    [asIs, { cpus: 2 }, ['drop unmap_pages/wait-for-CMD_SYNC']],
    [asIs, { cpus: 2 }, ['drop unmap_pages/cmd_sync']],
    [asIs, { cpus: 2 }, ['drop unmap_pages/tlb_inv_range']],
    [asIs, { cpus: 2 }, ['move unmap_pages/invalidate-PTE before unmap_pages/write-CMD_SYNC']],
    [asIs, { cpus: 1, iovas: 2 }, ['pass map_pages/leaf-is-not-valid', 'drop unmap_pages/tlb_inv_range']],
    [upstream, { cpus: 2, pages: 1 }, []],
    [upstream, { cpus: 2, pages: 2 }, []],
  ] as const)('while streams are attached: %o %o %o', (design, scope, edits) => {
    const { pairs, stale } = compare(openSc01(design, scope, edits), 2_500);
    expect(pairs).toBeGreaterThan(100);
    expect(stale).toBeGreaterThan(0);
  });

  it.each([
    [{}, []],
    [{ pages: 2 }, []],
    [{ devices: 2 }, []],
    [{ domains: 2 }, []],
    [{ iovas: 2 }, []],
    [{ cpus: 2 }, []],
    // No TLBI: entries outlive the attachment, and come back into reach with the next one.
    [{}, ['drop detach_dev/tlb_inv_vmid']],
    [{ pages: 2 }, ['drop detach_dev/tlb_inv_vmid']],
    [{}, ['drop unmap_pages/tlb_inv_range']],
    // The configuration stays in caches after the detach.
    [{}, ['drop detach_dev/sync-word-0', 'drop detach_dev/sync-words-1..7']],
    [{ pages: 2 }, ['drop detach_dev/sync-word-0/cmd_sync', 'drop detach_dev/sync-words-1..7/cmd_sync']],
    [{}, ['drop detach_dev/sync-word-0/cfgi_ste', 'drop detach_dev/sync-words-1..7/cfgi_ste']],
    // Freed while attached: leaves go while a configuration still names them.
    [{}, ['pass free_domain/refs-is-1']],
    [{ pages: 2 }, ['pass free_domain/refs-is-1', 'drop detach_dev/tlb_inv_vmid']],
    // Torn STEs.
    [{}, ['move attach_dev/write-STE-word-0 before attach_dev/write-STE-words-1..7']],
    [{ domains: 2 }, ['pass attach_dev/STE-is-not-live']],
  ] as const)('while streams come and go: %o %o', (scope, edits) => {
    const counts = compare(openSc03(scope, edits), 4_000);
    expect(counts.pairs).toBeGreaterThan(90);
    expect(counts.oldWords + counts.torn).toBeGreaterThan(0);
  });

  it.each([
    [{}, []],
    [{ pages: 2 }, []],
    [{ iovas: 2 }, []],
    [{ order: 'A' }, []],
    [{ order: 'A', timeouts: true }, []],
    [{ timeouts: true }, []],
    [{ cpus: 2 }, []],
    [{ scmi: true }, []],
    [{ pages: 2 }, ['drop pd_on/tlb_inv_all']],
    [{ pages: 2 }, ['drop pd_on/cfgi_all', 'drop pd_on/tlb_inv_all', 'drop pd_on/reset_device/cmd_sync']],
    [{}, ['drop pd_off/wait-for-CR0ACK']],
  ] as const)('while the SMMU is switched off and on: %o %o', (scope, edits) => {
    const { pairs, stale } = compare(openSc06(scope, edits), 2_500);
    expect(pairs).toBeGreaterThan(90);
    expect(stale).toBeGreaterThan(0);
  });
});
