/**
 * Learned outcomes compiled for one layout: per process and frame, a few tables that answer with an offset into one pool
 * of XOR masks. Pool entry: [changing outcomes, all outcomes, special, (mask words..., check set) per changing outcome].
 */
import type { Machine } from '../language/index.js';
import type { Interner } from './intern.js';
import { mask, type Layout } from './layout.js';
import { Checks, CheckTable, checkTables } from './checks.js';
import { noEvidence } from './evidence.js';
import { Gather, bitsOf, group } from './gather.js';
import { LearnedMonitors } from './learned-monitors.js';
import { LearnedAction, type Learned, type LearnedOutcome } from './learned.js';
import type { Fault } from '../language/index.js';

/** Merging the tables of one frame's actions saves look-ups up to this size. */
const MERGED_BITS = 12;
/** An action alone may have a direct table up to this size; a larger one is looked up in its trie. */
const TABLE_BITS = 16;

/** What an entry needs besides its masks: rare, so kept apart. */
export interface Special {
  readonly faults: readonly { readonly action: string; readonly fault: Fault }[];
  readonly transitions: readonly { readonly outcome: LearnedOutcome; readonly instances: readonly number[] }[];
}

/** A group of actions of one frame, looked up together. */
interface ActionGroup {
  readonly gather: Gather | undefined;
  /** Where its table starts in {@link Tables.direct}; -1: it has none. */
  readonly base: number;
  readonly actions: readonly LearnedAction[];
  readonly process: number;
  readonly frame: number;
  /** How many variables each action had read when the table was made: if it reads more, the table is too small. */
  readonly observed: readonly number[];
}

/** What survives re-layouts: the learned actions of every frame seen so far. */
export class Knowledge {
  private readonly frames: LearnedAction[][][];
  readonly calls = { steps: 0, seen: noEvidence() };
  private readonly monitors: LearnedMonitors;

  constructor(
    private readonly machine: Machine,
    private readonly interner: Interner,
  ) {
    this.frames = machine.processes.map(() => []);
    this.monitors = new LearnedMonitors(interner, this.calls);
  }

  /** The actions of a process at a frame code. */
  actions(process: number, frame: number): readonly LearnedAction[] {
    return (this.frames[process][frame] ??= this.make(process, frame));
  }

  private make(process: number, code: number): LearnedAction[] {
    const own = this.machine.processes[process];
    const frame = own.frame < 0 ? undefined : this.interner.value(own.frame, code);
    return own
      .actions(frame)
      .map((action) => new LearnedAction(this.machine, this.interner, process, action, this.monitors, this.calls));
  }
}

/** All compiled tables of one layout. */
export class Tables {
  pool: Int32Array = new Int32Array(1 << 14);
  readonly specials: Special[] = [];
  /** Check tables by check set; set 0 is empty. */
  readonly checkSets: (readonly CheckTable[])[] = [[]];
  readonly quiet: readonly CheckTable[];
  /** Where each process's frame code stands: word, shift, mask. Rules have mask 0. */
  readonly frameWord: Int32Array;
  readonly frameShift: Int32Array;
  readonly frameMask: Int32Array;
  private used = 1;
  /**
   * Where in {@link plan} the groups of a process's frame code stand; 0: not yet compiled. A plan is the number of groups,
   * then per group: its number, its base in {@link direct} or -1, how many parts its index has, and per part word, shift,
   * mask and offset. Flat arrays, because the hot loop would otherwise wait for objects.
   */
  readonly dispatch: Int32Array[];
  plan: Int32Array = new Int32Array(1 << 12);
  /** All direct tables: pool offset by base + index; 0: not yet learned. */
  direct: Int32Array = new Int32Array(1 << 14);
  private planned = 1;
  private tabled = 0;
  private readonly groups: ActionGroup[] = [];
  private readonly setOf = new Map<string, number>();

  constructor(
    private readonly machine: Machine,
    readonly layout: Layout,
    private readonly knowledge: Knowledge,
    private readonly checks: Checks,
  ) {
    const fields = machine.processes.map(({ frame }) =>
      frame < 0 ? { word: 0, shift: 0, width: 0 } : layout.fields[frame],
    );
    this.frameWord = Int32Array.from(fields, ({ word }) => word);
    this.frameShift = Int32Array.from(fields, ({ shift }) => shift);
    this.frameMask = Int32Array.from(fields, ({ width }) => mask(width));
    this.dispatch = fields.map(({ width }) => new Int32Array(2 ** width));
    this.quiet = checkTables(checks, layout, checks.quiet);
  }

  /**
   * Compiles the plan of a process at a frame code, and says where it stands. Tables are indexed by what the actions have
   * read so far, not by what they may read: a footprint may name a whole family of which a step reads one member.
   */
  compile(process: number, frame: number): number {
    const own = this.machine.processes[process].frame;
    const variables = ({ observed }: LearnedAction): number[] => [...observed].filter((variable) => variable !== own);
    const plan: number[] = [];
    const members = group(this.knowledge.actions(process, frame), variables, this.layout, MERGED_BITS);
    for (const actions of members) {
      const all = [...new Set(actions.flatMap(variables))];
      const gather = bitsOf(this.layout, all) <= TABLE_BITS ? new Gather(this.layout, all) : undefined;
      const base = gather ? this.tabled : -1;
      if (gather) this.tabled += 2 ** gather.bits;
      const observed = actions.map((action) => action.observed.size);
      const number = this.groups.push({ gather, base, actions, process, frame, observed }) - 1;
      plan.push(number, base, ...(gather?.plan() ?? [0]));
    }
    const start = this.planned;
    this.planned += plan.length + 1;
    this.plan = roomFor(this.plan, this.planned);
    this.direct = roomFor(this.direct, this.tabled);
    this.plan[start] = members.length;
    this.plan.set(plan, start + 1);
    this.dispatch[process][frame] = start;
    return start;
  }

  /** The pool offset of what a group does in a packed state, learned if need be. */
  entry(number: number, words: Int32Array, at: number): number {
    const own = this.groups[number];
    const learned = own.actions.map((action) => this.learned(action, words, at));
    const offset = learned.length === 1 ? this.offsetOf(learned[0]) : this.store(learned);
    if (own.actions.some((action, i) => action.observed.size !== own.observed[i])) {
      this.dispatch[own.process][own.frame] = 0;
    } else if (own.gather) {
      this.direct[own.base + own.gather.index(words, at)] = offset;
    }
    return offset;
  }

  /** What one action does in a packed state, learned if need be. */
  learned(action: LearnedAction, words: Int32Array, at: number): Learned {
    return action.lookup(this.layout, words, at) ?? action.learn(this.layout, words, at);
  }

  private offsetOf(learned: Learned): number {
    if (learned.compiled?.tables !== this) learned.compiled = { tables: this, offset: this.store([learned]) };
    return learned.compiled.offset;
  }

  private store(all: readonly Learned[]): number {
    const { words } = this.layout;
    const outcomes = all.flatMap((learned) => learned.outcomes);
    const changing = outcomes.filter(({ changes }) => changes.length > 0);
    const size = 3 + changing.length * (words + 1);
    this.pool = roomFor(this.pool, this.used + size);
    const offset = this.used;
    this.used += size;
    this.pool[offset] = changing.length;
    this.pool[offset + 1] = outcomes.length;
    this.pool[offset + 2] = this.special(all, outcomes);
    changing.forEach((outcome, i) => {
      const base = offset + 3 + i * (words + 1);
      this.pool.fill(0, base, base + words);
      for (const { variable, from, to } of outcome.changes) {
        const { word, shift } = this.layout.fields[variable];
        this.pool[base + word] ^= (from ^ to) << shift;
      }
      this.pool[base + words] = this.checkSet(outcome);
    });
    return offset;
  }

  private special(all: readonly Learned[], outcomes: readonly LearnedOutcome[]): number {
    const faults = all.flatMap(({ action, faults: own }) => own.map((fault) => ({ action: action.id, fault })));
    const transitions = outcomes
      .map((outcome) => ({ outcome, instances: this.checks.concerned(outcome) }))
      .filter(({ instances }) => instances.length > 0);
    if (faults.length === 0 && transitions.length === 0) return 0;
    return this.specials.push({ faults, transitions });
  }

  /** The checks to look at after this outcome: those that read what it writes. */
  private checkSet({ changes }: LearnedOutcome): number {
    const written = new Set(changes.map(({ variable }) => variable));
    const concerned = this.checks.always.filter(({ spec }) => spec.reads.some((variable) => written.has(variable)));
    if (concerned.length === 0) return 0;
    const key = concerned.map(({ property, instance }) => `${property}.${instance}`).join();
    let set = this.setOf.get(key);
    if (set === undefined) {
      set = this.checkSets.push(checkTables(this.checks, this.layout, concerned)) - 1;
      this.setOf.set(key, set);
    }
    return set;
  }

  /** Bytes of the compiled tables. */
  get bytes(): number {
    return this.pool.byteLength + this.direct.byteLength + this.plan.byteLength;
  }
}

/** The array itself, or a larger copy. */
function roomFor(array: Int32Array, length: number): Int32Array {
  if (length <= array.length) return array;
  const grown = new Int32Array(Math.max(array.length * 2, length));
  grown.set(array);
  return grown;
}
