/**
 * The "IOMMU" benchmark model, version 1: a small hypervisor with one SMMU, on which every checker is measured.
 * Numbers in comments are the numbered actions of its definition; each is one transition.
 */
import {
  block,
  bool,
  done,
  enumOf,
  fragment,
  handler,
  index,
  int,
  list,
  model,
  next,
  optional,
  range,
  rule,
  set,
  union,
  unit,
} from '../src/index.js';

export default model({
  name: 'bench-iommu',
  title: 'the benchmark of all checkers: map, unmap, donate, reclaim, attach, detach against an asynchronous SMMU',
  onlyByName: true,
  scope: {
    cpus: int(2, 1, 4, 'host CPUs issuing hypercalls'),
    devices: int(2, 1, 4, 'devices, each its own domain and lock'),
    pages: int(3, 1, 5, 'pages'),
    queue: int(2, 1, 4, 'capacity of the command queue'),
  },
  build(m, scope) {
    const device = index('device', scope.devices, 'd');
    const page = index('page', scope.pages, 'p');
    const Command = union('Command', { TLBI: device, SYNC: unit });
    const Queue = list(Command, scope.queue);
    const Pages = set(page);

    const owner = m.family('owner', [page], enumOf('HOST', 'HYP', 'GUEST'), 'HOST');
    const ref = m.family('ref', [page], range(0, scope.devices), 0);
    const lock = m.locks('lock', device);
    const ste = m.family('ste', [device], bool, false);
    const pte = m.family('pte', [device], Pages, Pages.make());
    const tlb = m.family('tlb', [device], Pages, Pages.make());
    const dma = m.family('dma', [device], optional(page), null);
    const q = m.variable('q', Queue, Queue.make());
    m.explain(owner, 'who owns the page: the host, the hypervisor (HYP) or a guest');
    m.explain(
      ref,
      'uses of the page by devices, counted before it is mapped: while it is not 0, the page can’t be given away',
    );
    m.explain(lock, 'the lock of the device’s domain');
    m.explain(ste, 'the device’s stream table entry is valid: its DMA is translated');
    m.explain(pte, 'pages that the page table of the device maps');
    m.explain(tlb, 'pages that the TLB holds for the device');
    m.explain(dma, 'the page that a DMA access of the device is under way to; null: none');
    m.explain(q, 'the command queue, oldest command first');

    const atomic = 'one indivisible action of the benchmark definition';
    const full = (size: number): boolean => size >= scope.queue;
    const anyDevice = device.values.map((d) => next().local({ d }));
    const anyPage = page.values.map((p) => next().local({ p }));
    const anyBoth = device.values.flatMap((d) => page.values.map((p) => next().local({ d, p })));

    const UNLK = fragment('UNLK', { d: device }, (h) => [
      h.release('UNLK', (f) => lock(f.d)), // 27
    ]);

    const map = handler('map', { d: device, p: page }, (h) => [
      h.step('call', { run: () => anyBoth }), // 1
      h.locked(
        'M1', // 7
        (f) => lock(f.d),
        [
          h.step('M2', {
            atomic,
            reads: (f) => ({ owner: owner(f.p), pte: pte(f.d) }),
            writes: (f) => ({ ref: ref(f.p) }),
            run: (s, f) => (s.owner === 'HOST' && !s.pte.has(f.p) ? next({ ref: s.ref + 1 }) : done()), // 8, 9
          }),
          h.step('M3', {
            writes: (f) => ({ pte: pte(f.d) }),
            run: (s, f) => next({ pte: s.pte.add(f.p) }), // 10
          }),
        ],
        { tail: h.tail(UNLK, (f) => ({ d: f.d })) },
      ),
    ]);

    const unmap = handler('unmap', { d: device, p: page }, (h) => [
      h.step('call', { run: () => anyBoth }), // 2
      h.locked(
        'U1', // 7
        (f) => lock(f.d),
        [
          h.step('U2', {
            writes: (f) => ({ pte: pte(f.d) }),
            run: (s, f) => (s.pte.has(f.p) ? next({ pte: s.pte.delete(f.p) }) : done()), // 11, 12
          }),
          h.step('U3', {
            writes: () => ({ q }),
            waits: true,
            run: (s, f) => (full(s.q.size) ? block : next({ q: s.q.push(Command.make.TLBI(f.d)) })), // 13
          }),
          h.step('U4', {
            writes: () => ({ q }),
            waits: true,
            run: (s) => (full(s.q.size) ? block : next({ q: s.q.push(Command.make.SYNC()) })), // 14
          }),
          h.step('U5', {
            doc: 'the queue has drained; dropping this step is the defect BROKEN=1',
            reads: () => ({ q }),
            waits: true,
            run: (s) => (s.q.size === 0 ? next() : block), // 15
          }),
          h.step('U6', {
            writes: (f) => ({ ref: ref(f.p) }),
            run: (s) => next({ ref: s.ref - 1 }), // 16
          }),
        ],
        { tail: h.tail(UNLK, (f) => ({ d: f.d })) },
      ),
    ]);

    const donate = handler('donate', { p: page }, (h) => [
      h.step('call', { run: () => anyPage }), // 3
      h.step('D1', {
        atomic,
        reads: (f) => ({ ref: ref(f.p) }),
        writes: (f) => ({ owner: owner(f.p) }),
        run: (s) => (s.owner === 'HOST' && s.ref === 0 ? next({ owner: 'HYP' }) : done()), // 17, 18
      }),
      h.step('D2', { writes: (f) => ({ owner: owner(f.p) }), run: () => next({ owner: 'GUEST' }) }), // 19
    ]);

    const reclaim = handler('reclaim', { p: page }, (h) => [
      h.step('call', { run: () => anyPage }), // 4
      h.step('R1', {
        writes: (f) => ({ owner: owner(f.p) }),
        run: (s) => (s.owner === 'GUEST' ? next({ owner: 'HYP' }) : done()), // 20, 21
      }),
      h.step('R2', { writes: (f) => ({ owner: owner(f.p) }), run: () => next({ owner: 'HOST' }) }), // 22
    ]);

    const attach = handler('attach', { d: device }, (h) => [
      h.step('call', { run: () => anyDevice }), // 5
      h.locked(
        'A1', // 7
        (f) => lock(f.d),
        [h.step('A2', { writes: (f) => ({ ste: ste(f.d) }), run: () => next({ ste: true }) })], // 23
        { tail: h.tail(UNLK, (f) => ({ d: f.d })) },
      ),
    ]);

    const detach = handler('detach', { d: device }, (h) => [
      h.step('call', { run: () => anyDevice }), // 6
      h.locked(
        'E1', // 7
        (f) => lock(f.d),
        [
          h.step('E2', {
            writes: (f) => ({ ste: ste(f.d) }),
            run: (s) => (s.ste ? next({ ste: false }) : done()), // 24, 25
          }),
          h.step('E3', {
            writes: () => ({ q }),
            waits: true,
            run: (s, f) => (full(s.q.size) ? block : next({ q: s.q.push(Command.make.TLBI(f.d)) })), // 13
          }),
          h.step('E4', {
            writes: () => ({ q }),
            waits: true,
            run: (s) => (full(s.q.size) ? block : next({ q: s.q.push(Command.make.SYNC()) })), // 14
          }),
          h.step('E5', {
            reads: () => ({ q }),
            waits: true,
            run: (s) => (s.q.size === 0 ? next() : block), // 26
          }),
        ],
        { tail: h.tail(UNLK, (f) => ({ d: f.d })) },
      ),
    ]);

    for (let c = 0; c < scope.cpus; c++) m.process(`cpu${c}`, [map, unmap, donate, reclaim, attach, detach]);

    m.hardware('smmu', [
      rule('consume', {
        writes: () => ({ q, tlb, dma }),
        run: (s) => {
          const head = s.q.first();
          if (!head) return block;
          if (head.tag === 'TLBI') return next({ q: s.q.shift(), tlb: s.tlb.set(head.value, Pages.make()) }); // 28
          return device.values.every((e) => s.dma.at(e) === null) ? next({ q: s.q.shift() }) : block; // 29
        },
      }),
    ]);

    for (const d of device.values) {
      m.hardware(`device${d}`, [
        rule('fill TLB', {
          reads: () => ({ ste: ste(d), pte: pte(d) }),
          writes: () => ({ tlb: tlb(d) }),
          run: (s) => (s.ste ? [...s.pte.subtract(s.tlb)].map((p) => next({ tlb: s.tlb.add(p) })) : block), // 30
        }),
        rule('start access', {
          reads: () => ({ tlb: tlb(d) }),
          writes: () => ({ dma: dma(d) }),
          run: (s) => (s.dma === null ? [...s.tlb].map((p) => next({ dma: p })) : block), // 31
        }),
        rule('end access', {
          writes: () => ({ dma: dma(d) }),
          run: (s) => (s.dma === null ? block : next({ dma: null })), // 32
        }),
      ]);
    }

    const everyPair = { d: device, p: page };
    m.invariant('Inv1', {
      text: 'a page in a TLB belongs to the host',
      source: 'benchmark definition, Properties',
      forall: everyPair,
      reads: ({ d, p }) => ({ tlb: tlb(d), owner: owner(p) }),
      when: (s, { p }) => s.tlb.has(p),
      holds: (s) => s.owner === 'HOST',
      because: (s, { d, p }) => `${page.print(p)} is in the TLB of ${device.print(d)} and belongs to ${s.owner}`,
    });
    m.invariant('Inv2', {
      text: 'a page that a device accesses belongs to the host',
      source: 'benchmark definition, Properties',
      forall: everyPair,
      reads: ({ d, p }) => ({ dma: dma(d), owner: owner(p) }),
      when: (s, { p }) => s.dma === p,
      holds: (s) => s.owner === 'HOST',
      because: (s, { d, p }) => `${device.print(d)} accesses ${page.print(p)}, which belongs to ${s.owner}`,
    });
    m.deadlockFree('deadlock', {
      text: 'every reachable state has an enabled action',
      source: 'benchmark definition, Properties',
    });
  },
});
