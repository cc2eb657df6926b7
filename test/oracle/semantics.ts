/**
 * What a state can do next, straight from the text of the programs. Knows nothing of footprints, places, learned
 * tables or edits: `control.ts` says where exits lead, `instance.ts` has rewritten the text for the edits.
 */
import type { List } from 'immutable';
import type { Choice, Exit, Expr, Fair } from './ast.js';
import { Control, type Frame, type Text } from './control.js';
import { evaluate, inRange, localNumbers, localValue, memberName, Wrong, type State, type Value } from './evaluate.js';
import type { Instance } from './instance.js';
import { lockPairs, type LockPair } from './lock-order.js';

type Of<K extends Instance['k']> = Extract<Instance, { k: K }>;

/** One transition, or what went wrong instead. */
export type Move = { readonly process: string; readonly step: string; readonly fair: Fair } & (
  | {
      readonly to: State;
      readonly label: string;
      readonly event?: number;
      readonly locking?: readonly LockPair[];
      readonly wrong?: undefined;
    }
  | { readonly wrong: string; readonly to?: undefined }
);

export const IDLE = 'idle';
const saidBy = (exit: Exit): string => (exit.k === 'fail' ? `-${exit.errno}` : exit.k === 'done' ? exit.result : '');

/** All moves of a state: equal outcomes of one step of one process are one. */
export function movesOf(text: Text, state: State): Move[] {
  const moves = text.model.processes.flatMap((process): Move[] => {
    const { name } = process;
    if (process.k === 'rules') {
      return text.programs.rules
        .get(name)!
        .flatMap((rule) => (rule.k === 'step' ? new Turn(text, name, state).rule(rule) : []));
    }
    const frame = state.get(name) as string;
    if (frame !== IDLE) return new Turn(text, name, state).act(JSON.parse(frame) as Frame);
    return process.handlers.flatMap((handler) => new Turn(text, name, state).begin(handler));
  });
  return moves.filter((move, i) => moves.findIndex((other) => same(move, other)) === i);
}

const same = (a: Move, b: Move): boolean =>
  a.process === b.process &&
  a.step === b.step &&
  (a.to && b.to ? a.label === b.label && a.event === b.event && a.to.equals(b.to) : !a.to && !b.to);

/** One process's turn in one state. */
class Turn {
  private step = '';
  /** Nobody has to begin. */
  private fair: Fair = 'none';

  constructor(
    private readonly text: Text,
    private readonly process: string,
    private readonly before: State,
  ) {}

  begin(handler: string): Move[] {
    this.step = handler;
    return this.guarded(() => {
      const control = new Control(this.text, new Map());
      control.push({ k: 'rest', list: handler, i: 0 });
      const frame = control.leave('next');
      return frame ? this.act(frame, 'none') : [];
    });
  }

  rule(rule: Of<'step'>): Move[] {
    this.step = rule.path;
    this.fair = rule.step.fair ?? 'weak';
    return this.choose(rule, 'step', new Control(this.text, new Map()), this.before, true);
  }

  act(frame: Frame, otherwise?: Fair): Move[] {
    const { at, phase, take } = frame;
    const node = this.text.node(at);
    const control = Control.of(this.text, frame);
    this.step = phase === 'step' || phase === 'effects' ? at : `${at}/${phase}`;
    const block = phase === 'lock' ? at : take;
    const own = node.k === 'step' && phase !== 'lock' ? node.step.fair : undefined;
    const lock = block === null ? undefined : this.text.node<'locked'>(block).node.fair;
    this.fair = own ?? lock ?? otherwise ?? (block === null ? 'weak' : 'strong');
    return this.guarded(() => {
      const state = block === null ? this.before : this.takeLock(block, take, control);
      if (state === 'waits') return [];
      if (state === 'interrupted') return [this.settle(control, control.giveUp(take), this.before, '-EINTR')];
      const sleeps =
        node.k === 'step' && node.step.sleeps && (phase === 'effects' || (phase === 'step' && !node.split));
      const locking = lockPairs(
        this.text.model,
        control.held(take),
        block === null ? undefined : this.lockOf(block, control),
        sleeps,
      );
      return this.perform(frame, control, state).map((move) => (move.to ? { ...move, locking } : move));
    });
  }

  /** What the transition does, once it has its lock. */
  private perform({ at, phase }: Frame, control: Control, state: State): Move[] {
    const node = this.text.node(at);
    return this.guarded(() => {
      if (phase === 'lock') return [this.settle(control, control.inside(at), state, '')];
      if (phase === 'unlock' || node.k === 'release') {
        const { lock, shared } =
          node.k === 'locked' ? node.node : { lock: (node as Of<'release'>).lock, shared: false };
        control.released.push({ lock: this.text.lock(lock, control.locals, node.scope), shared });
        return [this.settle(control, control.leave('next'), state, '')];
      }
      return this.choose(node as Of<'step'>, phase, control, state, false);
    });
  }

  private lockOf(path: string, control: Control): string {
    const { node, scope } = this.text.node<'locked'>(path);
    return this.text.lock(node.lock, control.locals, scope);
  }

  private takeLock(path: string, merged: string | null, control: Control): State | 'waits' | 'interrupted' {
    const { node } = this.text.node<'locked'>(path);
    const lock = this.lockOf(path, control);
    const value = this.before.get(lock) as number;
    const free = node.shared ? value !== 1 : value === 0;
    if (control.held(merged).includes(lock) && !(node.shared && free)) throw new Wrong(`takes ${lock} twice`);
    if (free) return this.before.set(lock, !node.shared ? 1 : value === 0 ? 2 : value + 1);
    return node.pending !== undefined && this.before.get(node.pending) !== 0 ? 'interrupted' : 'waits';
  }

  /** Guards, then choices. */
  private choose(node: Of<'step'>, phase: 'step' | 'effects', control: Control, state: State, rule: boolean): Move[] {
    const { step, scope, passed, split } = node;
    const value = (e: Expr): number => evaluate(e, this.text.model, state, control.locals, scope);
    const leave = (own: Control, exit: Exit, after: State, note: string, event?: number): Move => {
      const label = [saidBy(exit), note].filter((part) => part !== '').join(' ');
      if (rule) return this.move(after, label, event);
      for (const local of step.forget) own.locals.delete(`${scope}.${local}`);
      return this.settle(own, exit.k === 'goto' ? own.goto(exit.to) : own.leave(exit.k), after, label, event);
    };
    return this.guarded(() => {
      if (phase === 'step') {
        const failed = step.guards.find((guard) => !passed.has(guard.id) && value(guard.test) === 0)?.else;
        if (failed && failed.k !== 'block') return this.guarded(() => [leave(control, failed, state, '')]);
        if (failed) return this.nothing(step.waits || rule);
        if (split && !rule) return [this.settle(control, control.frame(node.path, 'effects'), state, '')];
      }
      // All is computed before anything is decided: what throws here spoils the whole step.
      const ready = step.choices.flatMap((choice) => {
        if (value(choice.when) === 0) return [];
        const writes = choice.set.map((assign) => this.written(assign, state, control, scope, value));
        const locals = Object.entries(choice.locals).map(
          ([name, to]) => [name, localValue(to, this.text.model, state, control.locals, scope)] as const,
        );
        return [{ choice, writes, locals, event: choice.emit && value(choice.emit) }];
      });
      if (ready.length === 0) return this.nothing(step.waits || rule);
      return ready.flatMap(({ choice, writes, locals, event }) =>
        this.guarded(() => {
          const own = control.copy();
          for (const [name, to] of locals) own.locals.set(`${scope}.${name}`, to);
          return [leave(own, choice.exit, this.write(state, writes), choice.note, event)];
        }),
      );
    });
  }

  private written(
    assign: Choice['set'][number],
    state: State,
    { locals }: Control,
    scope: string,
    value: (e: Expr) => number,
  ): [string, Value] {
    if (assign.k === 'push') return [assign.q, (state.get(assign.q) as List<number>).push(value(assign.e))];
    if (assign.k === 'pop') return [assign.q, (state.get(assign.q) as List<number>).shift()];
    if (assign.k === 'member')
      return [memberName(assign.f, assign.i, this.text.model, state, locals, scope), value(assign.e)];
    const to = value(assign.e);
    const isBool = this.text.model.variables.some(({ k, name }) => k === 'bool' && name === assign.v);
    return [assign.v, isBool ? (to === 0 ? 0 : 1) : to];
  }

  private write(state: State, writes: readonly [string, Value][]): State {
    return state.withMutations((after) => {
      for (const [name, to] of writes) {
        if (!inRange(name, to, this.text.model)) throw new Wrong(`${name} leaves its range`);
        after.set(name, to);
      }
    });
  }

  /** The transition: locks released on the way are given back, and the frame is written. */
  private settle(control: Control, frame: Frame | null, state: State, label: string, event?: number): Move {
    let after = state;
    for (const { lock, shared } of control.released) {
      const value = after.get(lock) as number;
      if (shared ? value < 2 : value !== 1) throw new Wrong(`${lock} is not held`);
      after = after.set(lock, shared && value > 2 ? value - 1 : 0);
    }
    for (const n of frame ? localNumbers(frame.locals) : []) {
      if (!Number.isInteger(n) || n < 0 || n > 2) throw new Wrong('a local leaves its range');
    }
    return this.move(after.set(this.process, frame ? JSON.stringify(frame) : IDLE), label, event);
  }

  private move(to: State, label: string, event?: number): Move {
    const counted =
      event === undefined || !to.has('events') ? to : to.set('events', ((to.get('events') as number) + event) % 4);
    return { process: this.process, step: this.step, fair: this.fair, to: counted, label, event };
  }

  private nothing(mayWait: boolean): Move[] {
    return mayWait ? [] : [this.wrong(new Wrong('blocks, but does not wait'))];
  }

  private guarded(run: () => Move[]): Move[] {
    try {
      return run();
    } catch (error) {
      return [this.wrong(error)];
    }
  }

  private wrong(error: unknown): Move {
    if (!(error instanceof Wrong)) throw error;
    return { process: this.process, step: this.step, fair: this.fair, wrong: error.message };
  }
}
