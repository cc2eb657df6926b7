/**
 * Learned outcomes compiled for one layout: per process and frame, a few tables that answer with an offset into one pool
 * of XOR masks. Pool entry: [changing outcomes, all outcomes, special, (mask words..., check set) per changing outcome].
 */
import type { Machine } from '../language/index.js';
import type { Interner } from './intern.js';
import { mask, type Layout } from './layout.js';
import { Checks, CheckTable, checkTables } from './checks.js';
import { Gather, bitsOf, group } from './gather.js';
import { LearnedAction, type Learned, type LearnedOutcome } from './learned.js';
import type { Fault } from '../language/index.js';

/** Merging the tables of one frame's actions saves look-ups up to this size. */
const MERGED_BITS = 12;
/** An action alone may have a direct table up to this size; a larger one is looked up in its trie. */
const TABLE_BITS = 16;

/** What an entry needs besides its masks: rare, so kept apart. */
export interface Special {
  readonly faults: readonly { readonly process: number; readonly action: string; readonly fault: Fault }[];
  readonly transitions: readonly { readonly outcome: LearnedOutcome; readonly instances: readonly number[] }[];
}

/** A group of actions of one frame, looked up together. */
export interface ActionGroup {
  readonly gather: Gather | undefined;
  readonly table: Int32Array;
  readonly actions: readonly LearnedAction[];
}

/** What survives re-layouts: the learned actions of every frame seen so far. */
export class Knowledge {
  private readonly frames: LearnedAction[][][];
  readonly calls = { steps: 0 };

  constructor(
    private readonly machine: Machine,
    private readonly interner: Interner,
  ) {
    this.frames = machine.processes.map(() => []);
  }

  /** The actions of a process at a frame code. */
  actions(process: number, frame: number): readonly LearnedAction[] {
    return (this.frames[process][frame] ??= this.make(process, frame));
  }

  private make(process: number, code: number): LearnedAction[] {
    const own = this.machine.processes[process];
    const frame = own.frame < 0 ? undefined : this.interner.value(own.frame, code);
    return own.actions(frame).map((action) => new LearnedAction(this.machine, this.interner, process, action, this.calls));
  }
}

/** All compiled tables of one layout. */
export class Tables {
  pool = new Int32Array(1 << 14);
  readonly specials: Special[] = [];
  /** Check tables by check set; set 0 is empty. */
  readonly checkSets: (readonly CheckTable[])[] = [[]];
  readonly quiet: readonly CheckTable[];
  /** Where each process's frame code stands: word, shift, mask. Rules have mask 0. */
  readonly frameWord: Int32Array;
  readonly frameShift: Int32Array;
  readonly frameMask: Int32Array;
  private used = 1;
  readonly groups: (readonly ActionGroup[] | undefined)[][];
  private readonly setOf = new Map<string, number>();

  constructor(
    private readonly machine: Machine,
    readonly layout: Layout,
    private readonly knowledge: Knowledge,
    private readonly checks: Checks,
  ) {
    const fields = machine.processes.map(({ frame }) => (frame < 0 ? { word: 0, shift: 0, width: 0 } : layout.fields[frame]));
    this.frameWord = Int32Array.from(fields, ({ word }) => word);
    this.frameShift = Int32Array.from(fields, ({ shift }) => shift);
    this.frameMask = Int32Array.from(fields, ({ width }) => mask(width));
    this.groups = machine.processes.map(() => []);
    this.quiet = checkTables(checks, layout, checks.quiet);
  }

  /** The action groups of a process at a frame code. */
  at(process: number, frame: number): readonly ActionGroup[] {
    return (this.groups[process][frame] ??= this.compile(process, frame));
  }

  private compile(process: number, frame: number): ActionGroup[] {
    const own = this.machine.processes[process].frame;
    const variables = ({ action }: LearnedAction): number[] => {
      return [...new Set([...action.reads, ...action.writes])].filter((variable) => variable !== own);
    };
    const actions = this.knowledge.actions(process, frame);
    return group(actions, variables, this.layout, MERGED_BITS).map((members): ActionGroup => {
      const all = [...new Set(members.flatMap(variables))];
      const gather = bitsOf(this.layout, all) <= TABLE_BITS ? new Gather(this.layout, all) : undefined;
      return { gather, table: new Int32Array(gather ? 2 ** gather.bits : 0), actions: members };
    });
  }

  /** The pool offset of what a group does in a packed state. */
  entry(own: ActionGroup, words: Int32Array, at: number): number {
    if (!own.gather) return this.offsetOf(this.learned(own.actions[0], words, at));
    const index = own.gather.index(words, at);
    const known = own.table[index];
    if (known !== 0) return known;
    const learned = own.actions.map((action) => this.learned(action, words, at));
    const offset = own.actions.length === 1 ? this.offsetOf(learned[0]) : this.store(learned, own.actions);
    own.table[index] = offset;
    return offset;
  }

  /** What one action does in a packed state, learned if need be. */
  learned(action: LearnedAction, words: Int32Array, at: number): Learned {
    return action.lookup(this.layout, words, at) ?? action.learn(this.layout, words, at);
  }

  private offsetOf(learned: Learned): number {
    if (learned.compiled?.tables !== this) learned.compiled = { tables: this, offset: this.store([learned], []) };
    return learned.compiled.offset;
  }

  private store(all: readonly Learned[], actions: readonly LearnedAction[]): number {
    const { words } = this.layout;
    const outcomes = all.flatMap((learned) => learned.outcomes);
    const changing = outcomes.filter(({ changes }) => changes.length > 0);
    const size = 3 + changing.length * (words + 1);
    this.reserve(size);
    const offset = this.used;
    this.used += size;
    this.pool[offset] = changing.length;
    this.pool[offset + 1] = outcomes.length;
    this.pool[offset + 2] = this.special(all, outcomes, actions);
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

  private special(all: readonly Learned[], outcomes: readonly LearnedOutcome[], actions: readonly LearnedAction[]): number {
    const faults = all.flatMap((learned, i) =>
      learned.faults.map((fault) => ({ process: -1, action: actions[i]?.action.id ?? '', fault })),
    );
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

  private reserve(size: number): void {
    if (this.used + size <= this.pool.length) return;
    const grown = new Int32Array(Math.max(this.pool.length * 2, this.used + size));
    grown.set(this.pool);
    this.pool = grown;
  }

  /** Bytes of the compiled tables. */
  get bytes(): number {
    let bytes = this.pool.byteLength;
    for (const frames of this.groups) for (const groups of frames) for (const { table } of groups ?? []) bytes += table.byteLength;
    return bytes;
  }
}
