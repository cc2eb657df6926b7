/** Properties in the hot path: judged once per projection, and looked at only after a step that wrote what they read. */
import type {
  Machine,
  MachineProperty,
  PropertyInstance,
  Read,
  Transition,
  TransitionInstance,
} from '../language/index.js';
import type { Interner } from './intern.js';
import type { Layout } from './layout.js';
import type { LearnedOutcome } from './learned.js';
import { Gather, bitsOf, group } from './gather.js';
import { ImpureError, Trie } from './trie.js';

/** What judging an instance gave: did the property break (or, for cover goals, was it reached) there? */
export interface Finding {
  readonly property: number;
  readonly instance: number;
  readonly because: string;
  /** The property's own function threw. */
  readonly threw?: boolean;
}

type StateProperty = Extract<MachineProperty, { kind: 'invariant' | 'quiescent' | 'reachable' }>;

interface Instance {
  readonly property: number;
  readonly instance: number;
  readonly spec: PropertyInstance;
  readonly goal: boolean;
  readonly trie: Trie<Finding | null>;
}

/** All state and transition properties of a machine. What was judged survives a re-layout. */
export class Checks {
  /** Per property: was an antecedent ever true? */
  readonly antecedent: boolean[];
  readonly always: readonly Instance[];
  readonly quiet: readonly Instance[];
  readonly transitions: readonly { property: number; instance: number; spec: TransitionInstance }[];
  private readonly judged = new Map<string, Trie<Finding | null>>();

  constructor(
    readonly machine: Machine,
    private readonly interner: Interner,
  ) {
    this.antecedent = machine.properties.map(() => false);
    const instances = (kinds: readonly MachineProperty['kind'][]): Instance[] =>
      machine.properties.flatMap((property, number) =>
        kinds.includes(property.kind)
          ? (property as StateProperty).instances.map((spec, instance): Instance => {
              return { property: number, instance, spec, goal: property.kind === 'reachable', trie: new Trie() };
            })
          : [],
      );
    this.always = instances(['invariant', 'reachable']);
    this.quiet = instances(['quiescent']);
    this.transitions = machine.properties.flatMap((property, number) =>
      property.kind === 'transition'
        ? property.instances.map((spec, instance) => ({ property: number, instance, spec }))
        : [],
    );
  }

  /** Judges one instance in a packed state. */
  judge(own: Instance, layout: Layout, words: Int32Array, at: number): Finding | null {
    const known = own.trie.lookup(layout, words, at);
    if (known !== undefined) return known;
    const { property, instance, spec, goal } = own;
    const judged = (read: Read): Finding | null => {
      try {
        const judgement = spec.judge(read);
        if (judgement !== 'vacuous') this.antecedent[property] = true;
        if (goal) return judgement === 'holds' ? { property, instance, because: '' } : null;
        return typeof judgement === 'string' ? null : { property, instance, because: judgement.violated };
      } catch (error) {
        return { property, instance, because: `the property threw: ${String(error)}`, threw: true };
      }
    };
    try {
      return own.trie.learn(this.interner, layout.codeOf(words, at), judged);
    } catch (error) {
      if (!(error instanceof ImpureError)) throw error;
      return {
        property,
        instance,
        because: `the property is not a pure function of what it reads: it ${error.message}`,
        threw: true,
      };
    }
  }

  /** Which transition instances an outcome concerns. */
  concerned({ action, emits, changes }: LearnedOutcome): readonly number[] {
    const writes = new Set(changes.map(({ variable }) => variable));
    return this.transitions.flatMap(({ spec }, i) => (spec.concerns({ action: action.id, emits, writes }) ? [i] : []));
  }

  /** An outcome as transition properties see it; `read` gives the state before. */
  transition({ process, action, label, emits, changes }: LearnedOutcome, read: Read): Transition {
    const after = new Map(changes.map(({ variable, to }) => [variable, to]));
    return {
      process: this.machine.processes[process].name,
      action: action.id,
      label,
      emits,
      before: read,
      after: (variable) => (after.has(variable) ? this.interner.value(variable, after.get(variable)!) : read(variable)),
    };
  }

  /** Judges a transition instance on an outcome taken in a packed state. */
  judgeTransition(i: number, outcome: LearnedOutcome, layout: Layout, words: Int32Array, at: number): Finding | null {
    const { property, instance, spec } = this.transitions[i];
    const key = `${i} ${outcome.process} ${outcome.action.id} ${outcome.order} ${outcome.changes.map(({ from }) => from).join()}`;
    let trie = this.judged.get(key);
    if (!trie) this.judged.set(key, (trie = new Trie()));
    const known = trie.lookup(layout, words, at);
    if (known !== undefined) return known;
    return trie.learn(this.interner, layout.codeOf(words, at), (read) => {
      const transition = this.transition(outcome, read);
      try {
        const judgement = spec.judge(transition);
        if (judgement !== 'vacuous') this.antecedent[property] = true;
        return typeof judgement === 'string' ? null : { property, instance, because: judgement.violated };
      } catch (error) {
        return { property, instance, because: `the property threw: ${String(error)}`, threw: true };
      }
    });
  }
}

/** Tables of up to this many bits are merged for one look-up. */
const MERGED_BITS = 13;
/** A single instance may have a table of its own up to this size. */
const TABLE_BITS = 16;

/** Checks compiled for one layout: one look-up answers for several instances. */
export class CheckTable {
  private readonly gather: Gather | undefined;
  private readonly table: Int32Array;
  private readonly found: (readonly Finding[])[] = [[]];

  constructor(
    private readonly checks: Checks,
    private readonly layout: Layout,
    private readonly instances: readonly Instance[],
  ) {
    const variables = instances.flatMap(({ spec }) => spec.reads);
    const small = bitsOf(layout, variables) <= TABLE_BITS;
    this.gather = small ? new Gather(layout, [...new Set(variables)]) : undefined;
    this.table = new Int32Array(this.gather ? 2 ** this.gather.bits : 0);
  }

  /** The findings of a state; hardly ever any. */
  look(words: Int32Array, at: number): readonly Finding[] | undefined {
    if (!this.gather) return this.judge(words, at);
    const index = this.gather.index(words, at);
    const known = this.table[index];
    if (known === 1) return undefined;
    return known > 1 ? this.found[known - 1] : this.learn(index, words, at);
  }

  private learn(index: number, words: Int32Array, at: number): readonly Finding[] | undefined {
    const findings = this.judge(words, at);
    this.table[index] = 1;
    if (!findings) return undefined;
    this.found.push(findings);
    this.table[index] = this.found.length;
    return findings;
  }

  private judge(words: Int32Array, at: number): readonly Finding[] | undefined {
    const findings: Finding[] = [];
    for (const instance of this.instances) {
      const finding = this.checks.judge(instance, this.layout, words, at);
      if (finding) findings.push(finding);
    }
    return findings.length > 0 ? findings : undefined;
  }
}

/** The tables of these instances, merged where they are small. */
export function checkTables(checks: Checks, layout: Layout, instances: readonly Instance[]): CheckTable[] {
  return group(instances, ({ spec }) => spec.reads, layout, MERGED_BITS).map(
    (own) => new CheckTable(checks, layout, own),
  );
}
