/**
 * Tegra's memory controller (B11). It sits in front of the SMMU and decides which StreamID a client presents, so it is
 * as critical as the SMMU's tables (S3:74). It is combinational: a write takes effect on the next transaction (W-15).
 * Tegra186, 194 and 234 have it in front of an SMMUv2; in front of an SMMUv3 it is a synthesis. It only yields a SID,
 * so nothing here knows which SMMU comes behind it.
 */
import { bool, fail, fragment, next, record, union, type Builder, type ValueOf } from '../language/index.js';
import { passThrough, type Client, type Platform, type TegraSid } from './platform.js';

const source = 'drivers/memory/tegra/tegra186.c (B11)';

function sorts({ Sid }: Platform) {
  /** OVERRIDE is bit 8, WRITE_ACCESS_DISABLED bit 16. The non-secure bit decides no SID and is left out. */
  const Security = record('Security', { OVERRIDE: bool, WRITE_ACCESS_DISABLED: bool });
  return {
    Security,
    /** The two registers of a client: SID_OVERRIDE and SID_SECURITY. */
    Registers: record('SidRegisters', { sid: Sid, security: Security }),
    /** One 32-bit store to one of them. */
    Write: union('Write', { SID_OVERRIDE: Sid, SID_SECURITY: Security }),
  };
}
export type SidRegisters = ValueOf<ReturnType<typeof sorts>['Registers']>;
export type McWrite = ValueOf<ReturnType<typeof sorts>['Write']>;

/** What a register takes. Where WRITE_ACCESS_DISABLED is set, hardware drops every non-secure write: EL2's too. */
export function stored(before: SidRegisters, write: McWrite): SidRegisters {
  if (before.security.WRITE_ACCESS_DISABLED) return before;
  return write.tag === 'SID_OVERRIDE' ? before.set('sid', write.value) : before.set('security', write.value);
}

export type MemoryController = ReturnType<typeof memoryController>;

/**
 * Declares the registers, and EL2's way to write them.
 * @param wad whether boot firmware, and EL2 after it, sets WRITE_ACCESS_DISABLED; and if not, whether EL1 may
 * @param clientsSleep no client accesses memory from suspend until the end of resume
 */
export function memoryController(
  m: Builder,
  soc: Platform,
  wad: 'set' | 'EL1 may set' | 'clear',
  clientsSleep: boolean,
) {
  const { client, Sid, Sids, engineSids, deviceOf, truth } = soc;
  const { Registers, Security, Write } = sorts(soc);

  /** A client presents its engine's SIDs only if all of them are among these: else it is overridden with the first. */
  const sidFor = (sids: Iterable<TegraSid>): TegraSid => Sid.values.find((sid) => new Set(sids).has(sid)) as TegraSid; // never empty
  const securityFor = (c: Client, sids: Iterable<TegraSid>) => {
    const own = new Set(sids);
    const OVERRIDE = !engineSids(c).every((sid) => own.has(sid));
    return Security.make({ OVERRIDE, WRITE_ACCESS_DISABLED: wad === 'set' });
  };

  /** As boot firmware leaves them: right. The host may have changed them before EL2 takes them away (T4). */
  const registers = m.family('SID', [client], Registers, (c) => {
    const { sids } = truth(deviceOf(c));
    return Registers.make({ sid: sidFor(sids), security: securityFor(c, sids) });
  });
  /** After power is lost: nothing is overridden. */
  const lost = Registers.make({
    sid: Sid.values.includes(passThrough) ? passThrough : Sid.values[0],
    security: Security.make({ OVERRIDE: false, WRITE_ACCESS_DISABLED: false }),
  });
  const running = m.variable('clients run', bool, true);
  /** Serialises EL2's own accesses to the registers. Not in the published driver (W-38). */
  const lock = m.lock('mc_lock', { protects: registers.all });
  m.explain(
    registers,
    'the two registers of the memory controller for this client: the StreamID that overrides its own, and the security bits that say whether it does and who may write',
  );
  m.explain(running, 'those registers are in force: false from suspend until resume has restored them');
  m.explain(lock, 'serialises EL2’s own accesses to these registers; the published driver has none');

  const enginesAreHeld = m.assumed(
    'MC-engine',
    'a host1x engine presents only its own SIDs: hardware holds it to them (B11)',
  );
  /** The StreamIDs that a client with these registers may present, as EL2 counts on. */
  const presented = (c: Client, { sid, security }: SidRegisters): readonly TegraSid[] =>
    security.OVERRIDE ? [sid] : engineSids(c);
  /** effective(c) of B11: the StreamIDs that the SMMU may see from a client now. */
  const effective = (c: Client) =>
    m.derived(`effective[${client.print(c)}]`, { registers: registers(c), running }, (seen) => {
      if (clientsSleep && !seen.running) return [];
      return enginesAreHeld || seen.registers.security.OVERRIDE ? presented(c, seen.registers) : Sid.values;
    });

  /** EL2 makes a client present these SIDs, whatever the registers hold. */
  const program = fragment('program client', { client, sids: Sids }, (h) => [
    h.step('write SID_OVERRIDE', {
      fn: 'mc_writel(SID_OVERRIDE)',
      source,
      writes: (f) => ({ registers: registers(f.client) }),
      run: (s, f) => next({ registers: stored(s.registers, Write.make.SID_OVERRIDE(sidFor(f.sids))) }),
    }),
    h.step('write SID_SECURITY', {
      doc: 'OVERRIDE, except for engines that pick among their own SIDs: host1x needs that',
      fn: 'mc_writel(SID_SECURITY)',
      source,
      writes: (f) => ({ registers: registers(f.client) }),
      run: (s, f) => next({ registers: stored(s.registers, Write.make.SID_SECURITY(securityFor(f.client, f.sids))) }),
    }),
  ]);

  /** Does a client present only these SIDs? Fails if not. */
  const validateClient = fragment('validate client', { client, sids: Sids }, (h) => [
    h.step('read back', {
      doc: 'a register that did not take EL2’s write, or that EL1 wrote, is seen here',
      fn: 'mc_readl(SID_OVERRIDE), mc_readl(SID_SECURITY)',
      source,
      reads: (f) => ({ registers: registers(f.client) }),
      guards: [
        {
          id: 'client-presents-its-SIDs',
          doc: 'the client can present only its device’s SIDs',
          source,
          test: (s, f) => presented(f.client, s.registers).every((sid) => f.sids.has(sid)),
          else: fail('EPERM'),
        },
      ],
    }),
  ]);

  /** Every store that EL1 may try. */
  const writes: readonly McWrite[] = [
    ...Sid.values.map((sid) => Write.make.SID_OVERRIDE(sid)),
    ...[true, false].flatMap((OVERRIDE) =>
      (wad === 'EL1 may set' ? [true, false] : [wad === 'set']).map((WRITE_ACCESS_DISABLED) =>
        Write.make.SID_SECURITY(Security.make({ OVERRIDE, WRITE_ACCESS_DISABLED })),
      ),
    ),
  ];

  return {
    registers,
    lost,
    running,
    lock,
    sidFor,
    securityFor,
    presented,
    effective,
    program,
    validateClient,
    Write,
    writes,
  };
}
