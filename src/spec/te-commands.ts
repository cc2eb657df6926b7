/**
 * TE design (B6): the host's command queue and stream table are host memory, which it may change at any time (W-31). So
 * EL2 reads each word once, into memory of its own, and checks and uses that copy. Host memory is no state of the
 * model: each read finds whatever the host may have put there.
 */
import {
  block,
  done,
  enumOf,
  fragment,
  goto,
  handler,
  next,
  type Body,
  type Node,
  type ValueOf,
} from '../language/index.js';
import type { NestedSmmu } from './nested-caches.js';
import type { PageOwnership } from './page-ownership.js';
import type { Domain, Parts } from './parts.js';
import type { StreamTable } from './stream-table.js';
import type { TeDriver } from './te-driver.js';

const source = 'EL2 SMMUv3 driver, v4 and later (B6)';

/** What word 0 of a host STE may say. Its other words hold whatever the host likes: the address of a table of its own. */
export const HostSte = enumOf('INVALID', 'ABORT', 'BYPASS', 'S1', 'S2', 'S1S2');

/** How the published code differs from the repaired one. */
export interface ShadowDesign {
  /** Where the host's STE is invalid or aborts, the other words are copied from it (v4, D-27). */
  readonly copiesWords: boolean;
  /** The words are written over a live STE, word 0 last (v4, W-05). */
  readonly writesLive: boolean;
  /** Commands go through as they are: unknown opcodes, any VMID (v4, D-30). */
  readonly forwardsAll: boolean;
}

/**
 * The host's write to CMDQ_PROD and to GERRORN. One command a trap: EL2 takes them one by one.
 * @param id EL2's stage-2 and its VMID
 * @param hosts the host's own, if it could have them
 */
export function teCommands(
  { sid }: Parts,
  { panicked }: PageOwnership,
  { Ste, ste, cfg, fetched, zero }: StreamTable,
  { Command, capacity, cmdq }: NestedSmmu,
  { smmuLock, syncSte, wait }: TeDriver,
  id: Domain,
  hosts: Domain,
  { copiesWords, writesLive, forwardsAll }: ShadowDesign,
) {
  /** The shadow of a host STE: stage 2 is always EL2's. A stage 2 of the host's own gets past no check. */
  const shadow = (host: ValueOf<typeof HostSte>): ValueOf<typeof Ste> => {
    switch (host) {
      case 'INVALID':
      case 'ABORT':
        return copiesWords ? Ste.make({ w0: host, vmid: hosts, ttb: hosts }) : zero.set('w0', host);
      case 'BYPASS':
        return Ste.make({ w0: 'S2', vmid: id, ttb: id });
      case 'S1':
        return Ste.make({ w0: 'S1S2', vmid: id, ttb: id });
      default:
        return Ste.make({ w0: host, vmid: hosts, ttb: hosts });
    }
  };

  const locals = { command: Command, sid, host: HostSte };
  type H = Body<typeof locals>;
  const writeWords = (h: H): Node =>
    h.step('write STE words 1..7', {
      fn: 'smmu_reshadow_ste',
      source,
      writes: (f) => ({ ste: ste(f.sid), cfg: cfg(f.sid) }),
      run: (s, f) => {
        const words = shadow(f.host).set('w0', s.ste.w0);
        return next({ ste: words, cfg: fetched(s.cfg, words) });
      },
    });

  const reshadow = fragment('smmu_reshadow_ste', locals, (h) => [
    h.step('look at opcode', {
      doc: 'only a CFGI says that the host’s STE has changed',
      fn: 'smmu_reshadow_ste',
      source,
      run: (_, { command }) => (command.tag === 'CFGI_STE' ? next().local({ sid: command.value }) : done()),
    }),
    h.step('copy host STE', {
      doc: 'host memory, read once',
      fn: 'smmu_reshadow_ste',
      source,
      run: () => HostSte.values.map((host) => next().local({ host }).emit('host memory read', { word: 'STE' })),
    }),
    h.step('check config', {
      fn: 'smmu_reshadow_ste',
      source,
      guards: [
        {
          id: 'host-has-no-stage-2',
          doc: 'the SMMU that the host sees has no stage 2; a configuration with one aborts',
          source,
          test: (_, f) => f.host !== 'S2' && f.host !== 'S1S2',
          else: next().local({ host: 'ABORT' as const }),
        },
      ],
    }),
    ...(writesLive
      ? [writeWords(h)]
      : [
          h.step('clear STE word 0', {
            doc: 'invalid first: no mixture of old and new words counts',
            fn: 'smmu_reshadow_ste',
            source,
            writes: (f) => ({ ste: ste(f.sid), cfg: cfg(f.sid) }),
            run: (s) => {
              const words = s.ste.set('w0', 'INVALID');
              return next({ ste: words, cfg: fetched(s.cfg, words) });
            },
          }),
          h.call(syncSte, (f) => ({ sid: f.sid }), { as: 'sync invalid' }),
          writeWords(h),
          h.call(syncSte, (f) => ({ sid: f.sid }), { as: 'sync words 1..7' }),
        ]),
    h.step('write STE word 0', {
      doc: 'the host’s CFGI, which is forwarded next, makes the SMMU see it',
      fn: 'smmu_reshadow_ste',
      source,
      forget: ['host'],
      writes: (f) => ({ ste: ste(f.sid), cfg: cfg(f.sid) }),
      run: (s, f) => {
        const words = s.ste.set('w0', shadow(f.host).w0);
        return next({ ste: words, cfg: fetched(s.cfg, words) });
      },
    }),
  ]);

  const offered = [
    ...sid.values.map((s) => Command.make.CFGI_STE(s)),
    Command.make.TLBI_NH_ALL(),
    Command.make.TLBI_OTHER_VMID(),
    Command.make.CMD_SYNC(),
    Command.make.ILLEGAL(),
  ];
  const writeProd = handler('write CMDQ_PROD', { command: Command }, (h) => [
    h.locked('smmu_lock', () => smmuLock, [
      h.step('read PROD', {
        doc: 'there is a command to look at',
        fn: 'trap: CMDQ_PROD',
        source,
        run: () => next().emit('trap'),
      }),
      h.step('copy command', {
        doc: 'host memory, read once',
        fn: 'trap: CMDQ_PROD',
        source,
        run: () => offered.map((command) => next().local({ command }).emit('host memory read', { word: 'command' })),
      }),
      h.step('filter command', {
        fn: 'trap: CMDQ_PROD',
        source,
        guards: forwardsAll
          ? []
          : [
              {
                id: 'opcode-is-known',
                doc: 'the queue is EL2’s too, and an unknown opcode stops it',
                source: `${source}; not v4`,
                test: (_, f) => f.command.tag !== 'ILLEGAL',
                else: done('dropped'),
              },
              {
                id: 'VMID-is-0',
                doc: 'the host has one VMID',
                source: `${source}; not v4`,
                test: (_, f) => f.command.tag !== 'TLBI_OTHER_VMID',
                else: done('dropped'),
              },
            ],
      }),
      h.call(reshadow, (f) => ({ command: f.command })),
      h.step('forward command', {
        fn: 'trap: CMDQ_PROD, smmu_add_cmd',
        source,
        waits: true,
        writes: () => ({ cmdq, panicked }),
        forget: ['command'],
        run: ({ cmdq: q }, f) => {
          if (q.ring.size < capacity) return next({ cmdq: q.set('ring', q.ring.push(f.command)) });
          return q.error ? goto('forward command', { panicked: true }) : block;
        },
      }),
      h.call(wait),
    ]),
  ], { fn: 'trap: CMDQ_PROD', source }); // prettier-ignore

  const writeGerrorn = handler('write GERRORN', {}, (h) => [
    h.locked('smmu_lock', () => smmuLock, [
      h.step('acknowledge CMDQ_ERR', {
        doc: 'passed through: the SMMU reads the bad command once more',
        fn: 'trap: GERRORN',
        source,
        writes: () => ({ cmdq }),
        run: (s) => next({ cmdq: s.cmdq.set('error', false) }),
      }),
    ]),
  ], { fn: 'trap: GERRORN', source }); // prettier-ignore

  return { writeProd, writeGerrorn };
}
