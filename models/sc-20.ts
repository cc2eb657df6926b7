/** SC-20, TA authentication TOCTOU. Coarse for now: commands in one step each. */
import { handler, int, model, next, type Handler } from '../src/index.js';
import { Image, remoteProcessors, remoteprocPta, remoteprocTa } from '../src/spec/index.js';
import type { Defect } from './defect.js';

const sc20 = model({
  name: 'SC-20',
  title: 'TA authentication TOCTOU',
  scope: { cpus: int(1, 1, 2, 'CPUs'), rprocs: int(1, 1, 2, 'remote processors'), regions: int(2, 1, 3, 'segments') },
  build(m, sizes) {
    const remote = remoteProcessors(m, sizes, 'none');
    const pta = remoteprocPta(m, remote, false);
    const ta = remoteprocTa(m, remote, pta, { load: 'at once', faults: true });
    const { rproc } = remote;
    const command = (name: string, call: typeof ta.start): Handler =>
      handler(name, { rproc }, (h) => [
        h.step('name processor', { run: () => rproc.values.map((r) => next().local({ rproc: r })) }),
        h.call(call, (f) => ({ rproc: f.rproc })),
      ]);
    const load = handler('LOAD_FW', { rproc, image: Image }, (h) => [
      h.step('name processor', {
        run: () => rproc.values.flatMap((r) => Image.values.map((image) => next().local({ rproc: r, image }))),
      }),
      h.call(ta.load, (f) => ({ rproc: f.rproc, image: f.image })),
    ]);
    const all = [
      load,
      command('START', ta.start),
      command('STOP', ta.stop),
      command('GET_RSC_TABLE', ta.getRscTable),
      command('RELEASE_FW', ta.release),
      handler('open', {}, (h) => [h.call(ta.openSession)]),
      handler('close', {}, (h) => [h.call(ta.closeSession)]),
    ];
    for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, all);
    m.wedgeFree('wedge', { text: 'every CPU can return' });
  },
});

export default [sc20];
export const defects: readonly Defect[] = [];
