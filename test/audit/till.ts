/** A model file of a user's, small enough to be audited in a second, with an edit of every class. */
export const till = `
import { block, fail, handler, int, model, next, range, rule } from 'ringfence';

export default model({
  name: 'till',
  title: 'two clerks put coins into a till that holds one',
  scope: { clerks: int(2, 1, 2, 'clerks') },
  build(m, scope) {
    const coins = m.variable('coins', range(0, 3), 0);
    const time = m.variable('time', range(0, 50000000), 0);
    const till = m.lock('till_lock', { protects: [coins] });
    const coin = range(1, 1);
    const put = handler('put', { coin }, (h) => [
      h.step('take out a coin', { run: () => next().local({ coin: 1 }) }),
      h.locked('till_lock', () => till, [
        h.step('look', {
          reads: () => ({ coins }),
          guards: [
            { id: 'till-exists', doc: 'there is a till', test: () => true, else: fail('ENODEV') },
            { id: 'till-is-empty', doc: 'it is empty', test: (s) => s.coins === 0, else: fail('EAGAIN') },
          ],
        }),
        h.step('put', { writes: () => ({ coins }), run: (s, l) => next({ coins: s.coins + l.coin }) }),
      ]),
    ]);
    const get = handler('get', {}, (h) => [
      h.locked('till_lock', () => till, [
        h.step('get', {
          writes: () => ({ coins }),
          guards: [
            { id: 'is-full', doc: 'a coin is there', test: (s) => s.coins > 0, else: fail('EAGAIN') },
            { id: 'is-not-empty', doc: 'the same again', test: (s) => s.coins !== 0, else: fail('EAGAIN') },
          ],
          run: (s) => next({ coins: s.coins - 1 }),
        }),
      ]),
    ]);
    for (let clerk = 0; clerk < scope.clerks; clerk++) m.process(\`clerk\${clerk}\`, [put, get]);
    m.hardware('clock', [
      rule('tick', {
        writes: () => ({ time }),
        guards: [{ id: 'before-noon', doc: 'it stops at noon', test: (s) => s.time < 2, else: [] }],
        run: (s) => next({ time: s.time + 1 }),
      }),
      rule('chime', { writes: () => ({ time }), run: (s) => (s.time > 2 ? next({ time: 0 }) : block) }),
    ]);
    m.invariant('one-coin', { text: 'there is at most one coin', reads: () => ({ coins }), holds: (s) => s.coins <= 1 });
    m.wedgeFree('wedge', { text: 'every clerk can come back' });
  },
});
`;
