/**
 * The oracle's control: a stack of what is still to be done. An exit takes it down until something is left to do that
 * is a transition of its own. No places, no compiled jumps.
 */
import { List } from 'immutable';
import type { LocalAssign, LockRef, RandomModel } from './ast.js';
import { evaluate, localValue, Wrong, type Locals } from './evaluate.js';
import { listsIn, type Instance, type Programs } from './instance.js';

type Of<K extends Instance['k']> = Extract<Instance, { k: K }>;
export type Way = 'next' | 'fail' | 'done';

/** Something that is still to be done. */
export type Item =
  | { readonly k: 'rest'; readonly list: string; readonly i: number }
  | { readonly k: 'unlock' | 'caller' | 'cleanup' | 'tail'; readonly at: string }
  | { readonly k: 'loop'; readonly at: string; readonly left: readonly number[] }
  /** After a cleanup: how things go on. */
  | { readonly k: 'resume'; readonly way: Way };

/** A process in flight: the next transition, and what comes after it. */
export interface Frame {
  readonly at: string;
  readonly phase: 'step' | 'effects' | 'lock' | 'unlock';
  /** The block whose lock this transition also takes. */
  readonly take: string | null;
  readonly stack: readonly Item[];
  readonly locals: readonly (readonly [string, number | readonly number[]])[];
}

/** The programs' text, by path. */
export class Text {
  private readonly nodes = new Map<string, Instance>();
  private readonly lists = new Map<string, readonly Instance[]>();

  constructor(
    readonly model: RandomModel,
    readonly programs: Programs,
  ) {
    for (const [name, list] of programs.handlers) {
      this.lists.set(name, list);
      for (const node of [...listsIn(list)].flat()) {
        this.add(node);
        if (node.k === 'locked' && node.tail) this.add(node.tail);
      }
    }
  }

  private add(node: Instance): void {
    if (node.k === 'tail') this.lists.set(tailList(node), node.body);
    else if ('body' in node) this.lists.set(`${node.path}#body`, node.body);
    if (node.k === 'cleanup') this.lists.set(`${node.path}#cleanup`, node.cleanup);
    this.nodes.set(node.path, node);
  }

  node = <K extends Instance['k']>(path: string): Of<K> => this.nodes.get(path) as Of<K>;
  list = (name: string): readonly Instance[] => this.lists.get(name)!;

  /** Which lock is meant, by the locals. */
  lock({ lock, by }: LockRef, locals: Locals, scope: string): string {
    if (by === undefined) return lock;
    const index = locals.get(`${scope}.${by}`);
    if (index === undefined) throw new Wrong(`unset local ${by}`);
    return `${lock}[${index as number}]`;
  }
}

/** Two texts of one tail: with its releases, and without those of an unlocked block. */
const tailList = ({ inner, body }: Of<'tail'>): string =>
  inner + (body.some((node) => node.k === 'release' && node.gone) ? '~unlocked' : '');

/** Is there nothing left of it, as if it were not written? */
function isVoid(node: Instance): boolean {
  if (node.k === 'gone') return true;
  if (node.k === 'release') return node.gone;
  if (node.k === 'locked')
    return !node.tail && node.body.every((one) => (node.unlocked ? isVoid(one) : one.k === 'gone'));
  if (node.k === 'each') return node.body.every(({ k }) => k === 'gone');
  return node.k === 'cleanup' && node.node.when !== 'always' && node.body.every(isVoid);
}

/** Does the block's lock go with its first step? Only if that is sure to be a step that does not wait. */
function merges({ node, tail, body }: Of<'locked'>): boolean {
  const startsWithStep = (list: readonly Instance[]): boolean => {
    const first = list.find(({ k }) => k !== 'gone');
    return first?.k === 'step' ? !first.step.waits : first?.k === 'call' && startsWithStep(first.body);
  };
  return !node.separate && !tail && startsWithStep(body);
}

export class Control {
  /** Locks released on the way, in order. */
  readonly released: { lock: string; shared: boolean }[] = [];
  private take: string | null = null;

  constructor(
    private readonly text: Text,
    readonly locals: Locals,
    private stack: Item[] = [],
  ) {}

  static of(text: Text, { stack, locals }: Frame): Control {
    return new Control(
      text,
      new Map(
        locals.map(([name, value]) => [name, Array.isArray(value) ? List(value as number[]) : (value as number)]),
      ),
      [...stack],
    );
  }

  copy(): Control {
    return new Control(this.text, new Map(this.locals), [...this.stack]);
  }

  push(...items: Item[]): void {
    this.stack.push(...items);
  }

  /** Names of the locks held, without the one being taken. */
  held(taking: string | null): string[] {
    return this.stack.flatMap((item): string[] => {
      // A tail holds what it has yet to release.
      if (item.k === 'rest')
        return this.text
          .list(item.list)
          .slice(item.i)
          .flatMap((node) =>
            node.k === 'release' && !node.gone ? [this.text.lock(node.lock, this.locals, node.scope)] : [],
          );
      if ((item.k !== 'unlock' && item.k !== 'tail') || item.at === taking) return [];
      const { node, scope, unlocked } = this.text.node<'locked'>(item.at);
      return unlocked ? [] : [this.text.lock(node.lock, this.locals, scope)];
    });
  }

  /** The next transition with this control, as a frame. */
  frame(at: string, phase: Frame['phase']): Frame {
    const locals = [...this.locals].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      at,
      phase,
      take: this.take,
      stack: this.stack,
      locals: locals.map(([name, value]) => [name, typeof value === 'object' ? value.toArray() : (value as number)]),
    };
  }

  /** Goes this way until there is something to do; `null` is idle. */
  leave(exit: Way): Frame | null {
    let way = exit;
    for (;;) {
      const item = this.stack.pop();
      if (!item) return null;
      switch (item.k) {
        case 'rest': {
          if (way !== 'next') break;
          const list = this.text.list(item.list);
          const i = list.findIndex((node, at) => at >= item.i && !isVoid(node));
          if (i < 0) break;
          this.stack.push({ ...item, i: i + 1 });
          const frame = this.enter(list[i]);
          if (frame) return frame;
          break;
        }
        case 'unlock': {
          const block = this.text.node<'locked'>(item.at);
          if (block.node.separate) {
            this.resumeAs(way);
            return this.frame(item.at, 'unlock');
          }
          this.release(block);
          break;
        }
        case 'caller':
          way = this.leaveCall(this.text.node<'call'>(item.at), way);
          break;
        case 'tail':
          this.enter(this.text.node<'locked'>(item.at).tail!);
          way = 'next';
          break;
        case 'loop':
          if (way === 'next') this.turn(item);
          else this.locals.delete(this.element(item.at));
          break;
        case 'cleanup': {
          const { node, path } = this.text.node<'cleanup'>(item.at);
          if (node.when !== 'always' && way !== 'fail') break;
          if (node.when !== 'caught') this.resumeAs(way);
          this.stack.push({ k: 'rest', list: `${path}#cleanup`, i: 0 });
          way = 'next';
          break;
        }
        case 'resume':
          if (way !== 'fail') way = item.way;
      }
    }
  }

  /** Jumps to a label in a list around. @throws Wrong if there is none in reach */
  goto(label: string): Frame | null {
    for (let item = this.stack.pop(); item; item = this.stack.pop()) {
      if (item.k === 'rest') {
        const i = this.text.list(item.list).findIndex((node) => node.label === label);
        if (i < 0) continue;
        this.stack.push({ ...item, i });
        return this.leave('next');
      }
      if (item.k === 'unlock') this.release(this.text.node(item.at));
      else if (item.k === 'loop') this.locals.delete(this.element(item.at));
      else if (item.k === 'caller' || item.k === 'tail') break;
      else if (item.k === 'cleanup' && this.text.node<'cleanup'>(item.at).node.when === 'always') break;
    }
    throw new Wrong(`no label ${label} in reach`);
  }

  /** Gives up taking the lock of a block that was entered: fails in front of it. */
  giveUp(block: string | null): Frame | null {
    for (let item = block === null ? undefined : this.stack.pop(); item; item = this.stack.pop()) {
      if (item.k === 'unlock' && item.at === block) break;
      if (item.k === 'caller') this.leaveCall(this.text.node<'call'>(item.at), 'fail');
    }
    return this.leave('fail');
  }

  /** Into a block whose lock has been taken by a transition of its own. */
  inside(path: string): Frame | null {
    const { tail } = this.text.node<'locked'>(path);
    this.stack.push({ k: tail ? 'tail' : 'unlock', at: path }, { k: 'rest', list: `${path}#body`, i: 0 });
    return this.leave('next');
  }

  private enter(node: Instance): Frame | null {
    const { path } = node;
    const body: Item = { k: 'rest', list: `${path}#body`, i: 0 };
    switch (node.k) {
      case 'step':
      case 'release':
        return this.frame(path, 'step');
      case 'call': {
        this.setAll(node.inner, node.node.args, node.scope);
        this.stack.push({ k: 'caller', at: path }, body);
        return null;
      }
      case 'tail': {
        const list = tailList(node);
        const args = this.valuesOf(node.node.args, node.scope);
        this.locals.clear();
        for (const [name, value] of args) this.locals.set(`${node.inner}.${name}`, value);
        this.stack = [{ k: 'rest', list, i: 0 }];
        return null;
      }
      case 'locked':
        if (node.unlocked) {
          if (node.tail) this.stack.push({ k: 'tail', at: path });
        } else if (merges(node)) {
          this.stack.push({ k: 'unlock', at: path });
          this.take = path;
        } else return this.frame(path, 'lock');
        this.stack.push(body);
        return null;
      case 'each': {
        const all = this.locals.get(`${node.scope}.${node.node.over}`) as List<number> | undefined;
        if (!all) throw new Wrong(`unset local ${node.node.over}`);
        this.turn({ k: 'loop', at: path, left: node.once ? all.take(1).toArray() : all.toArray() });
        return null;
      }
      case 'cleanup':
        this.stack.push({ k: 'cleanup', at: path }, body);
        return null;
      case 'gone':
        throw new Error('nothing to enter');
    }
  }

  private turn({ at, left }: Extract<Item, { k: 'loop' }>): void {
    if (left.length === 0) {
      this.locals.delete(this.element(at));
      return;
    }
    this.locals.set(this.element(at), left[0]);
    this.stack.push({ k: 'loop', at, left: left.slice(1) }, { k: 'rest', list: `${at}#body`, i: 0 });
  }

  private leaveCall({ inner, node, program, scope }: Of<'call'>, way: Way): Way {
    const result =
      way === 'fail' || !program.returns
        ? undefined
        : evaluate(program.returns, this.text.model, undefined, this.locals, inner);
    for (const name of [...this.locals.keys()]) if (name.startsWith(`${inner}.`)) this.locals.delete(name);
    if (way !== 'fail' && node.into !== undefined && result !== undefined)
      this.locals.set(`${scope}.${node.into}`, result);
    return way === 'fail' ? 'fail' : 'next';
  }

  private release({ node, scope }: Of<'locked'>): void {
    this.released.push({ lock: this.text.lock(node.lock, this.locals, scope), shared: node.shared });
  }

  private element(path: string): string {
    const { scope, node } = this.text.node<'each'>(path);
    return `${scope}.${node.as}`;
  }

  private valuesOf(args: LocalAssign, scope: string) {
    return Object.entries(args).map(
      ([name, value]) => [name, localValue(value, this.text.model, undefined, this.locals, scope)] as const,
    );
  }

  private setAll(inner: string, args: LocalAssign, scope: string): void {
    for (const [name, value] of this.valuesOf(args, scope)) this.locals.set(`${inner}.${name}`, value);
  }

  /** Notes how things go on; ways that lead to the same place are one. */
  private resumeAs(way: Way): void {
    const all: Way[] = ['next', 'fail', 'done'];
    const same = all.find((one) => this.whereTo(one) === this.whereTo(way))!;
    this.stack.push({ k: 'resume', way: same });
  }

  /** What would be done on a way, in words. */
  private whereTo(way: Way): string {
    const words: string[] = [];
    for (let n = this.stack.length - 1; n >= 0; n--) {
      const item = this.stack[n];
      if (item.k === 'rest') {
        if (way === 'next' && this.text.list(item.list).some((node, at) => at >= item.i && !isVoid(node)))
          return [...words, item.k, item.list].join();
      } else if (item.k === 'resume') {
        if (way !== 'fail') way = item.way;
      } else if (item.k === 'caller') {
        words.push(way === 'fail' ? 'fail' : 'return');
        if (way === 'done') way = 'next';
      } else if (item.k === 'tail' || (item.k === 'loop' && way === 'next')) {
        return [...words, item.k, item.at].join();
      } else if (item.k !== 'cleanup') {
        words.push(item.at);
      } else {
        const { node, cleanup } = this.text.node<'cleanup'>(item.at);
        if (node.when !== 'always' && way !== 'fail') continue;
        if (node.when !== 'caught' || !cleanup.every(isVoid)) words.push(item.at);
        if (node.when === 'caught') way = 'next';
      }
    }
    return words.join();
  }
}
