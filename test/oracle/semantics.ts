/**
 * What a state can do next, straight from the text: control is a stack of what is still to be done, and an exit takes
 * it down until something is left to do that is a transition. Knows nothing of places, footprints or compiled jumps.
 */
import { List } from 'immutable';
import type { Exit, LockRef, RandomModel } from './ast.js';
import type { Instance, Programs } from './instance.js';
import { listsIn } from './instance.js';
import { evaluate, inRange, localValue, memberName, Wrong, type Locals, type State, type Value } from './evaluate.js';

type Of<K extends Instance['k']> = Extract<Instance, { k: K }>;
type Kind = 'next' | 'fail' | 'done';
/** Something that is still to be done. */
type Item =
  | { k: 'rest'; list: string; i: number }
  | { k: 'unlock' | 'caller' | 'always' | 'on-fail'; at: string }
  | { k: 'loop'; at: string; left: number[] }
  | { k: 'tail'; at: string }
  /** After a cleanup: how things go on. */
  | { k: 'resume'; how: Kind };
/** Control of a process in flight. `take`: a block whose lock is taken with the next step. */
export interface Frame {
  at: string;
  phase: 'whole' | 'effects' | 'lock' | 'unlock';
  take: string | null;
  stack: Item[];
  locals: [string, number | number[]][];
}

/** One transition, or what went wrong instead. */
export type Move = { readonly process: string; readonly step: string } & (
  | { readonly to: State; readonly label: string; readonly event?: number }
  | { readonly wrong: string }
);

export const IDLE = 'idle';

/** The successor function of a model with edited programs. */
export class Semantics {
  private readonly nodes = new Map<string, Instance>();
  private readonly lists = new Map<string, Instance[]>();
  private readonly heads = new Map<Instance[], string>();

  constructor(
    private readonly model: RandomModel,
    private readonly programs: Programs,
  ) {
    for (const list of [...programs.handlers.values(), ...programs.rules.values()]) {
      for (const below of listsIn(list)) for (const node of below) this.nodes.set(node.path, node);
    }
  }

  moves(state: State): Move[] {
    const found = new Map<string, Move>();
    const add = (move: Move): void => {
      const what = 'to' in move ? [textOf(move.to), move.label, move.event] : ['wrong'];
      found.set(JSON.stringify([move.process, move.step, what]), move);
    };
    for (const process of this.model.processes) {
      const { name } = process;
      if (process.k === 'rules') {
        for (const rule of this.programs.rules.get(name)!) {
          if (rule.k === 'step') this.perform(name, state, null, new Control(this, new Map()), rule).forEach(add);
        }
        continue;
      }
      const frame = state.get(name) as string;
      if (frame !== IDLE) this.act(name, state, JSON.parse(frame) as Frame).forEach(add);
      else for (const handler of process.handlers) this.begin(name, state, handler).forEach(add);
    }
    return [...found.values()];
  }

  private begin(process: string, state: State, handler: string): Move[] {
    const control = new Control(this, new Map());
    try {
      control.push(this.programs.handlers.get(handler)!, 0);
      const frame = control.leave('next', state);
      return frame ? this.act(process, state, frame) : [];
    } catch (error) {
      return [{ process, step: handler, wrong: why(error) }];
    }
  }

  private act(process: string, state: State, frame: Frame): Move[] {
    const control = new Control(this, new Map(frame.locals.map(([l, v]) => [l, Array.isArray(v) ? List(v) : v])), frame.stack);
    const node = this.node(frame.at);
    const taken = frame.take ?? (frame.phase === 'lock' ? frame.at : null);
    let after = state;
    try {
      if (taken !== null) {
        const block = this.node(taken) as Of<'locked'>;
        const lock = this.lockName(block.node.lock, control.locals, block.scope);
        const value = state.get(lock) as number;
        const free = block.node.shared ? value !== 1 : value === 0;
        const held = control.held(frame.take === null ? null : taken);
        if (held.includes(lock) && !(block.node.shared && free)) throw new Wrong(`takes ${lock} twice`);
        if (!free) {
          if (block.node.pending === undefined || state.get(block.node.pending) === 0) return [];
          control.giveUp(frame.take);
          return [this.go(process, frame.at, control, 'fail', state, '-EINTR')];
        }
        after = state.set(lock, block.node.shared ? (value === 0 ? 2 : value + 1) : 1);
      }
      if (frame.phase === 'lock') return [this.go(process, frame.at, control.inside(node as Of<'locked'>), 'next', after, '')];
      if (frame.phase === 'unlock' || node.k === 'release') {
        const { lock, scope, shared } = this.lockOf(node);
        const released = this.release(lock, shared, control.locals, scope, after);
        return [this.go(process, frame.at, control, 'next', released, '')];
      }
    } catch (error) {
      return [{ process, step: frame.at, wrong: why(error) }];
    }
    return this.perform(process, after, frame.phase, control, node as Of<'step'>);
  }

  /** A step's guards, then its choices. `state` already has the lock taken. */
  private perform(process: string, state: State, phase: Frame['phase'] | null, control: Control, node: Of<'step'>): Move[] {
    const { step, path, scope, split, passed } = node;
    const value = (e: Parameters<typeof evaluate>[0]): number => evaluate(e, this.model, state, control.locals, scope);
    const wrong = (error: unknown): Move => ({ process, step: path, wrong: why(error) });
    const end = (own: Control, exit: Exit, after: State, label: string, event?: number): Move => {
      for (const local of step.forget) own.locals.delete(`${scope}.${local}`);
      if (phase === null) return { process, step: path, to: after, label, event };
      if (exit.k !== 'goto') return this.go(process, path, own, exit.k, after, label, event);
      return this.go(process, path, own, own.goto(exit.to, (item, to) => (after = this.unlockItem(item, own, to)), after), after, label, event);
    };
    const offers: (() => Move)[] = [];
    try {
      if (phase !== 'effects') {
        const failed = step.guards.find((guard) => !passed.has(guard.id) && value(guard.test) === 0);
        if (failed) {
          const exit = failed.else;
          if (exit.k !== 'block') offers.push(() => end(control, exit, state, exit.k === 'fail' ? `-${exit.errno}` : exit.k === 'done' ? exit.result : ''));
        } else if (split && phase !== null) {
          return [{ process, step: path, to: state.set(process, control.text(path, 'effects', null)), label: '' }];
        }
        if (failed && offers.length === 0) return this.blocked(phase, node, process);
      }
      if (offers.length === 0) {
        for (const choice of step.choices) {
          if (value(choice.when) === 0) continue;
          // All is computed before anything is written: what throws here makes the whole step wrong.
          const writes = choice.set.map((assign): [string, Value] => {
            if (assign.k === 'var') return [assign.v, value(assign.e)];
            if (assign.k === 'member') return [memberName(assign.f, assign.i, this.model, state, control.locals, scope), value(assign.e)];
            const queue = state.get(assign.q) as List<number>;
            return [assign.q, assign.k === 'push' ? queue.push(value(assign.e)) : queue.shift()];
          });
          const locals = Object.entries(choice.locals).map(
            ([name, to]) => [`${scope}.${name}`, localValue(to, this.model, state, control.locals, scope)] as const,
          );
          const event = choice.emit && value(choice.emit);
          const exit = choice.exit;
          const said = exit.k === 'fail' ? `-${exit.errno}` : exit.k === 'done' ? exit.result : '';
          offers.push(() => {
            let after = state;
            for (const [name, to] of writes) {
              if (!inRange(name, to, this.model)) throw new Wrong(`${name} leaves its range`);
              after = after.set(name, this.isBool(name) ? (to === 0 ? 0 : 1) : to);
            }
            const own = control.copy();
            for (const [name, to] of locals) own.locals.set(name, to);
            if (event !== undefined && after.has('events')) after = after.update('events', (n) => ((n as number) + event) % 4);
            return end(own, exit, after, [said, choice.note].filter((part) => part !== '').join(' '), event);
          });
        }
      }
    } catch (error) {
      return [wrong(error)];
    }
    if (offers.length === 0) return this.blocked(phase, node, process);
    return offers.map((offer) => {
      try {
        return offer();
      } catch (error) {
        return wrong(error);
      }
    });
  }

  private blocked(phase: Frame['phase'] | null, { step, path }: Of<'step'>, process: string): Move[] {
    return phase === null || step.waits ? [] : [{ process, step: path, wrong: 'blocks without waiting' }];
  }

  private go(process: string, step: string, control: Control, exit: Kind, state: State, label: string, event?: number): Move {
    let after = state;
    const frame = control.leave(exit, state, (item) => (after = this.unlockItem(item, control, after)));
    const text = frame === null ? IDLE : control.text(frame.at, frame.phase, frame.take);
    return { process, step, to: after.set(process, text), label, event };
  }

  private unlockItem(at: string, control: Control, state: State): State {
    const { lock, shared, scope } = this.lockOf(this.node(at));
    return this.release(lock, shared, control.locals, scope, state);
  }

  private release(ref: LockRef, shared: boolean, locals: Locals, scope: string, state: State): State {
    const lock = this.lockName(ref, locals, scope);
    const value = state.get(lock) as number;
    if (shared ? value < 2 : value !== 1) throw new Wrong(`${lock} is not held`);
    return state.set(lock, shared ? (value === 2 ? 0 : value - 1) : 0);
  }

  lockOf(node: Instance): { lock: LockRef; shared: boolean; scope: string } {
    if (node.k === 'locked') return { lock: node.node.lock, shared: node.node.shared, scope: node.scope };
    return { lock: (node as Of<'release'>).lock, shared: false, scope: node.scope };
  }

  lockName(ref: LockRef, locals: Locals, scope: string): string {
    if (ref.by === undefined) return ref.lock;
    const index = locals.get(`${scope}.${ref.by}`);
    if (index === undefined) throw new Wrong(`unset local ${ref.by}`);
    return `${ref.lock}[${index as number}]`;
  }

  node(path: string): Instance {
    return this.nodes.get(path)!;
  }

  /** The name of a list in frames. */
  nameOf(list: Instance[], name: string): string {
    this.lists.set(name, list);
    return name;
  }

  list(name: string): Instance[] {
    return this.lists.get(name)!;
  }

  argsOf(args: Parameters<typeof localValue>[0] extends never ? never : Readonly<Record<string, Parameters<typeof localValue>[0]>>, locals: Locals, scope: string, inner: string): Locals {
    return new Map(
      Object.entries(args).map(([name, value]) => [`${inner}.${name}`, localValue(value, this.model, undefined as never, locals, scope)]),
    );
  }

  resultOf(e: Parameters<typeof evaluate>[0], locals: Locals, scope: string): number {
    return evaluate(e, this.model, undefined as never, locals, scope);
  }

  private isBool(name: string): boolean {
    return this.model.variables.some((one) => one.k === 'bool' && one.name === name);
  }
}
