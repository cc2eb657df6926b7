/** The nested `reach`, which stores only what can't be walked, is what the literal closure of B7 says, with two kinds of entries. */
import { expect, it } from 'vitest';
import { execute } from '../../src/explorer/index.js';
import { build, int, keyOf, model, type Derived, type Machine } from '../../src/language/index.js';
import { declare, repaired } from '../../models/sc-13.js';

type System = ReturnType<typeof declare>;
type State = readonly unknown[];
/** Entries as text: page, and `c` for a combined one. */
interface Literal {
  readonly tlb: ReadonlySet<string>;
  readonly old: ReadonlySet<string>;
}

function open(edits: readonly string[]): { machine: Machine; system: System } {
  let system: System | undefined;
  const probe = model({
    name: 'probe',
    title: 'SC-13, with its components in reach of the test',
    scope: { cpus: int(1, 1, 1, ''), devices: int(1, 1, 2, ''), pages: int(1, 1, 2, '') },
    build: (m, sizes) => void (system = declare(m, sizes, repaired)),
  });
  const machine = build(probe, { edits, properties: [] });
  return { machine, system: system as unknown as System };
}

/** Breadth-first over pairs of a state and what the literal closure holds there; at most `limit` of them. */
function compare({ machine, system }: ReturnType<typeof open>, limit: number): { pairs: number; stale: number } {
  const { parts, streams, tables, hw, id } = system;
  const [stream] = parts.sid.values;
  const value = <T>(state: State, variable: { number: number }): T => state[variable.number] as T;
  const derived = <T>(state: State, d: Derived<T>): T => d.compute((variable) => value(state, variable));
  const reach = hw.reach(parts.device.of(0));

  /** Every configuration that may be held adds every entry that it lets the SMMU make. */
  const closure = (state: State, { tlb, old }: Literal): Literal => {
    type Held = typeof streams.nothing;
    const held = streams.both(value<Held>(state, streams.cfg(stream)), value<Held>(state, streams.cfgOld(stream)));
    const leaves = value<Iterable<{ tag: string; value: unknown }>>(state, tables.table(id));
    const grown = new Set(tlb);
    for (const w0 of held.w0)
      for (const vmid of held.vmid)
        for (const ttb of held.ttb) {
          if ((w0 !== 'S2' && w0 !== 'S1S2') || vmid !== id || ttb !== id) continue;
          for (const leaf of leaves) {
            if (leaf.tag !== 'V') continue;
            grown.add(String(leaf.value));
            if (w0 === 'S1S2') grown.add(`${String(leaf.value)} c`);
          }
        }
    return { tlb: grown, old };
  };
  const step = (before: State, action: string, { tlb, old }: Literal): Literal => {
    const hit = (covers: (entry: string) => boolean): Literal => ({
      tlb: new Set([...tlb].filter((entry) => !covers(entry))),
      old: new Set([...old, ...[...tlb].filter(covers)]),
    });
    const head = value<{ ring: { first(): { value: unknown } | undefined } }>(before, hw.cmdq).ring.first();
    if (action === 'smmu0/consume-TLBI_S2_IPA') return hit((entry) => entry === String(head?.value));
    if (action === 'smmu0/consume-TLBI_NH_ALL') return hit((entry) => entry.endsWith(' c'));
    if (action === 'smmu0/complete-CMD_SYNC') return { tlb, old: new Set() };
    return { tlb, old };
  };
  const literalReach = (state: State, { tlb, old }: Literal): number[] => {
    const translates = derived(state, streams.mayConfig(stream)).walks.length > 0;
    return translates ? [...new Set([...tlb, ...old].map((entry) => Number.parseInt(entry)))].sort() : [];
  };

  const none: Literal = { tlb: new Set(), old: new Set() };
  let level = machine.initialStates.map((state) => ({ state, literal: closure(state, none) }));
  const key = ({ state, literal }: { state: State; literal: Literal }): string =>
    JSON.stringify([
      state.map((one, i) => keyOf(machine.variables[i].sort, one)),
      [...literal.tlb].sort(),
      [...literal.old].sort(),
    ]);
  const seen = new Set(level.map(key));
  let stale = 0;
  while (level.length > 0 && seen.size < limit) {
    const following: typeof level = [];
    for (const { state, literal } of level) {
      expect([...derived(state, reach)].sort()).toEqual(literalReach(state, literal));
      if (value<{ size: number }>(state, hw.stale).size > 0) stale++;
      for (const { action, state: after } of execute(machine, state).offers) {
        const pair = { state: after, literal: closure(after, step(state, action, literal)) };
        if (seen.has(key(pair))) continue;
        seen.add(key(pair));
        following.push(pair);
      }
    }
    level = following;
  }
  return { pairs: seen.size, stale };
}

it.each([
  ['as it is', []],
  ['without TLBI_NH_ALL', ['drop __pkvm_host_donate_hyp/TLBI_NH_ALL']],
  ['without TLBI_S2_IPA', ['drop __pkvm_host_donate_hyp/TLBI_S2_IPA']],
])('agrees with the literal closure: %s', (_, edits) => {
  const { pairs, stale } = compare(open(edits), 6000);
  expect(pairs).toBeGreaterThanOrEqual(6000);
  expect(stale).toBeGreaterThan(50);
});
