/**
 * Monitors watch what transitions announce. They are asked after the step, and apart from it: what a monitor answers does
 * not depend on which step announced the event, so it can be learned once for all of them.
 */
import { faultAt, staysInSort } from './faults.js';
import type { Emission, Machine, MachineMonitor, Outcome, Read } from './machine.js';

/** What a monitor makes of an event: new values of its variables. */
export type AskMonitor = (monitor: MachineMonitor, emission: Emission, read: Read) => ReadonlyMap<number, unknown>;

const ask: AskMonitor = (monitor, emission, read) => monitor.observe(emission, read);

/** The outcome of a step, with what the machine's monitors remember of it. Never throws. */
export function witnessed(
  { monitors, variables }: Pick<Machine, 'monitors' | 'variables'>,
  step: string,
  outcome: Outcome,
  read: Read,
  askMonitor = ask,
): Outcome {
  if (outcome.kind === 'fault' || outcome.emits.length === 0 || monitors.length === 0) return outcome;
  const writes = new Map(outcome.writes);
  const now: Read = (variable) => (writes.has(variable) ? writes.get(variable) : read(variable));
  try {
    for (const monitor of monitors) {
      for (const emission of outcome.emits) {
        for (const [number, value] of askMonitor(monitor, emission, now)) {
          read(number);
          staysInSort(variables[number], value);
          writes.set(number, value);
        }
      }
    }
  } catch (error) {
    return { kind: 'fault', fault: faultAt(step, error) };
  }
  return { ...outcome, writes };
}
