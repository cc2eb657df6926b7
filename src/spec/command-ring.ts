/**
 * An SMMU's command queue as scenarios with caches have it (B7): the ring from CONS on. `command-queue.ts` has it with
 * its registers and errors, and says why this is enough.
 */
import { list, range, record, union, unit, type Builder, type ValueOf } from '../language/index.js';
import type { Parts } from './parts.js';

type CommandRing = ReturnType<typeof commandRing>;

/** A command queue's value. */
export type CommandQueue = ValueOf<CommandRing['cmdq']['all'][number]['sort']>;

/** Declares each SMMU's queue. @param capacity entries, N */
export function commandRing(m: Builder, { smmu, sid, domain, mapping, substream }: Parts, capacity: number) {
  /** `GARBAGE` is what lies in a slot that nobody has written since the last lap: the queue stops there (CERROR_ILL). */
  const Command = union('Command', {
    TLBI_S2_IPA: mapping,
    TLBI_S12_VMALL: domain,
    CFGI_STE: sid,
    CFGI_CD: substream,
    CFGI_ALL: unit,
    TLBI_NSNH_ALL: unit,
    CMD_SYNC: unit,
    GARBAGE: unit,
  });
  const Ring = list(Command, 2 * capacity);

  /**
   * The ring from CONS on: the entries that are written, and how far PROD is ahead of CONS. A ring looks the same from
   * every start, so CONS itself is not kept. What is written past PROD, the SMMU does not look at yet.
   */
  const CommandQueue = record('CommandQueue', { ring: Ring, ahead: range(0, 2 * capacity - 1) });
  const emptyQueue = CommandQueue.make({ ring: Ring.make(), ahead: 0 });
  return { Command, emptyQueue, cmdq: m.family('cmdq', [smmu], CommandQueue, emptyQueue) };
}

/** CONS moves over the command at the head. */
export const consumed = (queue: CommandQueue): CommandQueue =>
  queue.merge({ ring: queue.ring.shift(), ahead: queue.ahead - 1 });
