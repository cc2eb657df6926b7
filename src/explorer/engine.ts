/** One worker's part of a search: expanding chunks of the frontier into the shared set. */
import type { Machine } from '../language/index.js';
import type { Finding } from './checks.js';
import type { Interner } from './intern.js';
import type { Learned, LearnedAction, LearnedOutcome } from './learned.js';
import { Checks } from './checks.js';
import { emptyTally } from './tally.js';
import { Knowledge, Tables, type Special } from './tables.js';
import { Layout, bitsFor, mask } from './layout.js';
import { BATCH, SEEN, type StateSet } from './state-set.js';
import type { StateLog } from './state-log.js';

/** Why a chunk was not finished: `full`, the set must grow; `layout`, a code outgrew its field. */
export type ChunkEnd = 'done' | 'full' | 'layout';

/** One successor in a chunk is at most this far before its batch is inserted. */
const AHEAD = 64;

/** Expands states with learned tables. */
export class Engine {
  readonly knowledge: Knowledge;
  readonly checks: Checks;
  tables!: Tables;
  layout!: Layout;
  set!: StateSet;
  log!: StateLog;
  tally = emptyTally();
  private chunkTransitions = 0;
  private chunkDeadlocks = 0;
  private level = 0;
  private pending = 0;
  private overflow = false;
  private readonly slots = new Int32Array(BATCH);
  private readonly meta = new Int32Array(BATCH);
  private readonly offsets = new Int32Array(1024);
  private readonly actors = new Int32Array(1024);
  private successors = new Int32Array(0);
  private current = new Int32Array(0);
  private idleMask = new Int32Array(0);
  private readonly deadlockProperties: readonly number[];

  constructor(
    readonly machine: Machine,
    readonly interner: Interner,
    private readonly selfCheck: boolean,
  ) {
    this.knowledge = new Knowledge(machine, interner);
    this.checks = new Checks(machine, interner);
    this.deadlockProperties = machine.properties.flatMap(({ kind }, number) =>
      kind === 'deadlock-free' ? [number] : [],
    );
  }

  /** Works on this set with this layout from now on. */
  open(layout: Layout, set: StateSet, log: StateLog): void {
    if (layout !== this.layout) {
      this.layout = layout;
      this.tables = new Tables(this.machine, layout, this.knowledge, this.checks);
      this.successors = new Int32Array(BATCH * layout.words);
      this.current = new Int32Array(AHEAD * layout.words);
      this.idleMask = new Int32Array(layout.words);
      for (const { frame } of this.machine.processes) {
        if (frame < 0) continue;
        const { word, shift, width } = layout.fields[frame];
        this.idleMask[word] |= mask(width) << shift;
      }
    }
    this.set = set;
    this.log = log;
  }

  /** Does every code known here fit the layout? */
  fits(): boolean {
    return this.machine.variables.every((_, variable) => this.layout.fits(variable, this.interner.count(variable)));
  }

  /**
   * Expands the states `from..to` of the log, all of them at `level`. Counters count only if the chunk is done; what was
   * inserted stays inserted, judged and logged.
   */
  expand(from: number, to: number, level: number): ChunkEnd {
    this.level = level;
    this.chunkTransitions = 0;
    this.chunkDeadlocks = 0;
    this.pending = 0;
    this.overflow = false;
    for (let next = from; next < to; next += AHEAD) {
      const count = Math.min(AHEAD, to - next);
      this.set.read(this.log.slots, next, count, this.current);
      for (let i = 0; i < count; i++) {
        if (!this.state(this.current, i * this.layout.words)) return this.overflow ? 'layout' : 'full';
      }
    }
    if (!this.flush()) return 'full';
    this.tally.transitions += this.chunkTransitions;
    this.tally.deadlocks += this.chunkDeadlocks;
    return 'done';
  }

  /**
   * Looks up what every group of actions does in a packed state: pool offsets into `this.offsets`, their processes into
   * `this.actors`. @returns how many; -1 if what was learned does not fit the layout
   */
  private look(words: Int32Array, at: number): number {
    const { tables, offsets, actors } = this;
    const { frameWord, frameShift, frameMask, dispatch } = tables;
    const processes = frameWord.length;
    let { plan, direct } = tables;
    let count = 0;
    for (let p = 0; p < processes; p++) {
      const frame = (words[at + frameWord[p]] >>> frameShift[p]) & frameMask[p];
      let step = dispatch[p][frame];
      if (step === 0) {
        step = tables.compile(p, frame);
        plan = tables.plan;
        direct = tables.direct;
      }
      for (let groups = plan[step++]; groups > 0; groups--) {
        const group = plan[step];
        let index = plan[step + 1];
        let offset = 0;
        let parts = plan[step + 2];
        step += 3;
        if (index >= 0) {
          for (; parts > 0; parts--) {
            index += ((words[at + plan[step]] >>> plan[step + 1]) & plan[step + 2]) << plan[step + 3];
            step += 4;
          }
          offset = direct[index];
        }
        if (offset === 0) {
          offset = tables.entry(group, words, at);
          if (!this.fits()) return -1;
        }
        offsets[count] = offset;
        actors[count++] = p;
      }
    }
    return count;
  }

  /** All successors of one packed state into the batch. False: the chunk must stop. */
  private state(words: Int32Array, at: number): boolean {
    const { meta, successors, offsets, actors } = this;
    const size = this.layout.words;
    const groups = this.look(words, at);
    if (groups < 0) {
      this.overflow = true;
      this.flush();
      return false;
    }
    const pool = this.tables.pool;
    let changing = 0;
    let transitions = 0;
    let pending = this.pending;
    for (let g = 0; g < groups; g++) {
      const offset = offsets[g];
      const count = pool[offset];
      changing += count;
      transitions += pool[offset + 1];
      if (pool[offset + 2] !== 0) this.special(this.tables.specials[pool[offset + 2] - 1], actors[g], words, at);
      let entry = offset + 3;
      for (let i = 0; i < count; i++) {
        if (pending === BATCH) {
          this.pending = pending;
          if (!this.flush()) return false;
          pending = 0;
        }
        const own = pending * size;
        for (let k = 0; k < size; k++) successors[own + k] = words[at + k] ^ pool[entry + k];
        meta[pending++] = pool[entry + size];
        entry += size + 1;
      }
    }
    this.pending = pending;
    this.chunkTransitions += transitions;
    if (changing === 0) this.deadlock(words, at);
    if (this.selfCheck && Math.random() < 0.01) this.recheck(words, at);
    return true;
  }

  /**
   * The successors of a packed state that differ from it, by processes in `actors`, into `into`.
   * @returns how many
   */
  successorsInto(words: Int32Array, at: number, into: Int32Array, actors: (process: number) => boolean): number {
    const size = this.layout.words;
    const groups = this.look(words, at);
    const pool = this.tables.pool;
    let found = 0;
    for (let g = 0; g < groups; g++) {
      if (!actors(this.actors[g])) continue;
      const count = pool[this.offsets[g]];
      let entry = this.offsets[g] + 3;
      for (let i = 0; i < count; i++, entry += size + 1) {
        for (let k = 0; k < size; k++) into[found * size + k] = words[at + k] ^ pool[entry + k];
        if (++found * size >= into.length) throw new Error('a state has too many successors');
      }
    }
    return found;
  }

  /** What each action does in a packed state, with names: for traces, not for speed. */
  *learnedAt(words: Int32Array, at: number): Generator<{ process: number; action: LearnedAction; learned: Learned }> {
    for (let process = 0; process < this.machine.processes.length; process++) {
      const { frame } = this.machine.processes[process];
      for (const action of this.knowledge.actions(process, frame < 0 ? 0 : this.layout.code(words, at, frame))) {
        yield { process, action, learned: this.tables.learned(action, words, at) };
      }
    }
  }

  /** Does an outcome break this transition property? */
  breaks(property: number, outcome: LearnedOutcome, words: Int32Array, at: number): Finding | undefined {
    for (const instance of this.checks.concerned(outcome)) {
      if (this.checks.transitions[instance].property !== property) continue;
      const finding = this.checks.judgeTransition(instance, outcome, this.layout, words, at);
      if (finding) return finding;
    }
    return undefined;
  }

  /** The value of every variable in a packed state. */
  values(words: Int32Array, at: number): unknown[] {
    return this.machine.variables.map((_, v) => this.interner.value(v, this.layout.code(words, at, v)));
  }

  /** Inserts the batch, judges what is new, and logs it for the next level. */
  private flush(): boolean {
    const { successors, meta, slots, set, log, tables } = this;
    const size = this.layout.words;
    const count = this.pending;
    this.pending = 0;
    if (count === 0) return true;
    if (!log.room(count)) return false;
    const inserted = set.insert(successors, count, slots);
    for (let i = 0; i < inserted; i++) {
      if (slots[i] === SEEN) continue;
      log.add(slots[i]);
      if (meta[i] !== 0) this.judge(tables.checkSets[meta[i]], successors, i * size);
      if (tables.quiet.length > 0 && this.isQuiet(successors, i * size)) this.judge(tables.quiet, successors, i * size);
    }
    return inserted === count;
  }

  /** Is no handler in flight? */
  isQuiet(words: Int32Array, at: number): boolean {
    for (let k = 0; k < this.idleMask.length; k++) if ((words[at + k] & this.idleMask[k]) !== 0) return false;
    return true;
  }

  private judge(tables: Tables['quiet'], words: Int32Array, at: number): void {
    for (let i = 0; i < tables.length; i++) {
      const findings = tables[i].look(words, at);
      if (findings) for (const finding of findings) this.found(finding, this.level + 1);
    }
  }

  /** Judges an initial state: everything, whatever wrote it. */
  judgeInitial(words: Int32Array, at: number): void {
    this.level = -1;
    for (const instance of this.checks.always) {
      const finding = this.checks.judge(instance, this.layout, words, at);
      if (finding) this.found(finding, 0);
    }
    if (this.isQuiet(words, at)) this.judge(this.tables.quiet, words, at);
  }

  private found(finding: Finding, level: number): void {
    const { first } = this.tally;
    const before = first.get(finding.property);
    if (before === undefined || level < before) first.set(finding.property, level);
    if (finding.threw) {
      const { id } = this.machine.properties[finding.property];
      this.fault(`fault:${id}:throw`, level, -1, id, 'throw', `property ${id}: ${finding.because}`);
    }
  }

  private special({ faults, transitions }: Special, process: number, words: Int32Array, at: number): void {
    for (const { action, fault } of faults)
      this.fault(fault.id, this.level, process, action, fault.kind, fault.message);
    for (const { outcome, instances } of transitions) {
      for (const instance of instances) {
        const finding = this.checks.judgeTransition(instance, outcome, this.layout, words, at);
        if (finding) this.found(finding, this.level + 1);
      }
    }
  }

  private fault(id: string, level: number, process: number, action: string, kind: string, message: string): void {
    const known = this.tally.faults.get(id);
    if (!known || level < known.level) this.tally.faults.set(id, { level, process, action, kind, message });
  }

  private recheck(words: Int32Array, at: number): void {
    for (const { process, action, learned } of this.learnedAt(words, at)) {
      const fault = action.recheck(this.layout, words, at, learned);
      if (fault) this.fault(fault.id, this.level, process, action.action.id, fault.kind, fault.message);
    }
  }

  private deadlock(words: Int32Array, at: number): void {
    this.chunkDeadlocks++;
    for (const number of this.deadlockProperties) {
      const property = this.machine.properties[number];
      if (property.kind !== 'deadlock-free') continue;
      const read = (variable: number): unknown => this.interner.value(variable, this.layout.code(words, at, variable));
      try {
        if (property.allowed?.judge(read) === 'holds') continue;
        this.found({ property: number, instance: 0, because: '' }, this.level);
      } catch (error) {
        const because = `the property threw: ${String(error)}`;
        this.found({ property: number, instance: 0, because, threw: true }, this.level);
      }
    }
  }

  /** A layout that holds every code known here; `tight` leaves no slack at all (tests). */
  widened(tight: boolean): Layout {
    return new Layout(
      this.machine.variables.map(({ sort }, variable) => {
        const count = this.interner.count(variable);
        const slack = tight ? count : Math.ceil(count * 1.25);
        return bitsFor(Math.max(count, Math.min(slack, sort.cardinality)));
      }),
    );
  }
}
