/** What a search counts and finds on its way. */
import { addEvidence, noEvidence, type Evidence } from './evidence.js';

/** Counters of finished chunks, and the level at which each finding was first made. */
export interface Tally {
  transitions: number;
  deadlocks: number;
  specCalls: number;
  /** By property number: level of the first finding. */
  readonly first: Map<number, number>;
  /** By fault id: level of the state in which it happens. */
  readonly faults: Map<string, { level: number; process: number; action: string; kind: string; message: string }>;
  readonly antecedent: Set<number>;
  seen: Evidence;
}

export const emptyTally = (): Tally => ({
  transitions: 0,
  deadlocks: 0,
  specCalls: 0,
  first: new Map(),
  faults: new Map(),
  antecedent: new Set(),
  seen: noEvidence(),
});

/** Adds up what several threads have counted. */
export function mergeTallies(tallies: readonly Tally[]): Tally {
  const all = emptyTally();
  for (const tally of tallies) {
    all.transitions += tally.transitions;
    all.deadlocks += tally.deadlocks;
    all.specCalls += tally.specCalls;
    for (const [property, level] of tally.first)
      all.first.set(property, Math.min(level, all.first.get(property) ?? Infinity));
    for (const [id, fault] of tally.faults) {
      const known = all.faults.get(id);
      if (!known || fault.level < known.level) all.faults.set(id, fault);
    }
    for (const property of tally.antecedent) all.antecedent.add(property);
    addEvidence(all.seen, tally.seen);
  }
  return all;
}
