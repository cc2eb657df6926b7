/** Monitors as learned: asked once per event and projection onto what they read, whichever step announced the event. */
import { Map as ImmutableMap } from 'immutable';
import { type AskMonitor, type MachineMonitor } from '../language/index.js';
import type { Interner } from './intern.js';
import { Trie } from './trie.js';

type Answers = Trie<ReadonlyMap<number, unknown>>;

export class LearnedMonitors {
  /** By event: equal names and equal arguments are one. */
  private readonly answers = new Map<MachineMonitor, ImmutableMap<unknown, Answers>>();

  constructor(
    private readonly interner: Interner,
    private readonly calls: { steps: number },
  ) {}

  /** Asks a monitor, or remembers what it said. */
  readonly ask: AskMonitor = (monitor, emission, read) => {
    const events = this.answers.get(monitor) ?? ImmutableMap<unknown, Answers>();
    const event = ImmutableMap({ ...emission.args, 'event!': emission.name });
    const answers: Answers = events.get(event) ?? new Trie();
    if (!events.has(event)) this.answers.set(monitor, events.set(event, answers));
    const codeOf = (variable: number): number => this.interner.code(variable, read(variable));
    return (
      answers.recall(codeOf) ??
      answers.learn(this.interner, codeOf, (seen) => {
        this.calls.steps++;
        return monitor.observe(emission, seen);
      })
    );
  };
}
