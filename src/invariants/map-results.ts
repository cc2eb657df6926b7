/** P-10 for ranges: who keeps books by the results alone, as the host's DMA layer does, knows what is mapped. */
import { range, type Builder, type Seen } from '../language/index.js';
import type { Iova } from '../spec/index.js';
import type { System } from './isolation.js';

interface Returned {
  readonly iova: Iova;
  readonly pages: number;
}

/** For the one domain there is. Calls may return in another order than they have done their work, hence counts below 0. */
export function resultsTellTheLeaves(m: Builder, { parts: { iova, domain, cpus }, tables }: System): void {
  m.event('range mapped', { domain, iova });
  m.event('range unmapped', { domain, iova });
  const told = m.family('mapped by the results', [iova], range(-cpus, 1 + cpus), 0);
  m.explain(
    told,
    'no variable of the kernel: how often the host was told that the address is mapped, less how often that it is unmapped, for P-10',
  );
  // Where a count would leave its bounds, it is wrong already: what comes after need only stay finite.
  const add = (by: number) => (returned: Returned, s: Seen<{ told: typeof told }>) => ({
    told: iova.values
      .filter((x) => x >= returned.iova && x < returned.iova + returned.pages)
      .reduce((books, x) => books.set(x, Math.max(-cpus, Math.min(1 + cpus, books.at(x) + by))), s.told),
  });
  const monitor = m.monitor('mapped by the results', { told }, {
    'range mapped': add(+1),
    'range unmapped': add(-1),
  }); // prettier-ignore

  m.quiescent('P-10', {
    text: 'A hypercall reports exactly its partial effect: with no call in flight, what is mapped is what the results say.',
    source: 'refill protocol',
    monitors: [monitor],
    forall: { x: iova },
    reads: ({ x }) => ({ told: told(x), table: tables.table(domain.of(0)) }),
    when: (s, { x }) => s.told !== 0 || s.table.get(x)!.tag !== 'ZERO',
    holds: (s, { x }) => s.told === 1 && s.table.get(x)!.tag === 'V',
    because: (s, { x }) =>
      `${iova.print(x)} is ${tables.Pte.print(s.table.get(x)!)}, and by the results it is mapped ${s.told} times`,
  });
}
