/**
 * From trees to places. Control flow is compiled in continuation-passing style: where a step goes is a pure function
 * from the locals to the next place, which on its way drops locals, advances loops and notes lock releases. So a step
 * knows only symbolic exits, and nothing but transitions of the real machine becomes a transition.
 */
import type { AnyStep, Fragment, Handler } from './nodes.js';
import type { Origin } from './machine.js';
import type { Acquire, Continuation, Exits, HeldLock, Passage, Place, Program } from './places.js';
import type { Sort } from './sorts/sort.js';
import { compareEncoded } from './sorts/index.js';
import { localsView, setLocals } from './locals.js';
import { renamed, slug, type Tree } from './tree.js';
import { sequence } from './loop-rest.js';

interface Surroundings extends Exits {
  readonly held: readonly HeldLock[];
  /** Locks that the first step of this list takes. */
  readonly acquires: readonly Acquire[];
  /** Held behind the first step: `held` and what it took. */
  readonly after: readonly HeldLock[];
}

const nothing: AnyStep = {};

/** Compiles the (edited) trees of a process's handlers. @throws Error for two steps of one name */
export function compile(handlers: readonly { handler: Handler; trees: Tree[] }[]): Program {
  return new Compiler().program(handlers);
}

class Compiler {
  private readonly places = new Map<string, Place>();
  private readonly locals = new Map<string, Sort<unknown>>();
  /** Tails by fragment, those whose release an edit dropped apart. */
  private readonly tails = new Map<Fragment, Map<boolean, Continuation>>();
  /** In how many cleanups' lists we are: copies of copies need names of their own. */
  private copying = 0;
  private readonly idle: Continuation = ({ locals }) => {
    locals.clear();
    return null;
  };

  program(handlers: readonly { handler: Handler; trees: Tree[] }[]): Program {
    const entries = handlers.map(({ handler, trees }) => {
      this.declare(slug(handler.name), handler.locals);
      const enter = this.list(trees, {
        next: this.idle,
        fail: this.idle,
        done: this.idle,
        goto: () => undefined,
        held: [],
        acquires: [],
        after: [],
      });
      return { handler: handler.name, enter };
    });
    return { entries, places: this.places, locals: this.locals };
  }

  private declare(scope: string, locals: Readonly<Record<string, Sort<unknown>>>): void {
    for (const [name, sort] of Object.entries(locals)) this.locals.set(`${scope}.${name}`, sort);
  }

  private place(place: Place): Continuation {
    if (this.places.has(place.pc)) {
      throw new Error(`two steps are called "${place.pc}": give one another label (or the call an "as")`);
    }
    this.places.set(place.pc, place);
    return () => place;
  }

  private list(trees: readonly Tree[], around: Surroundings): Continuation {
    const entries: Continuation[] = new Array<Continuation>(trees.length + 1);
    entries[trees.length] = around.next;
    const labels = new Map(trees.map((tree, i) => [labelOf(tree), i]));
    const goto = (label: string): Continuation | undefined => {
      const i = labels.get(slug(label));
      return i === undefined ? around.goto(label) : entries[i];
    };
    const first = trees.findIndex((tree) => tree.kind !== 'gone');
    let enter: Continuation = around.next;
    for (let i = trees.length - 1; i >= 0; i--) {
      if (i < first) {
        // Dropped in front of the first step: the way in still takes the lock, a jump here has it.
        entries[i] = entries[i + 1];
        continue;
      }
      const acquires = i === first ? around.acquires : [];
      const after = stillHeld(around.after, trees.slice(0, i));
      const held = i === first ? around.held : after;
      const inner: Surroundings = { ...around, next: entries[i + 1], goto, acquires, held, after };
      enter = this.node(trees[i], inner);
      // A jump back to a first step that takes the lock must not take it again.
      entries[i] = acquires.length > 0 ? this.again(trees[i], { ...inner, acquires: [], held: after }) : enter;
    }
    return enter;
  }

  private again(tree: Tree, around: Surroundings): Continuation {
    if (tree.kind !== 'step') return () => this.unreachable(tree);
    return this.step(tree, around, '~again');
  }

  private unreachable(tree: Tree): never {
    throw new Error(`a jump to "${tree.path}" would take its lock twice: jump to a step behind it`);
  }

  private node(tree: Tree, around: Surroundings): Continuation {
    switch (tree.kind) {
      case 'gone':
        return around.next;
      case 'step':
        return this.step(tree, around);
      case 'release':
        return this.release(tree, around);
      case 'call':
        return tree.node.tail ? this.tail(tree, around) : this.call(tree, around);
      case 'locked':
        return this.locked(tree, around);
      case 'each':
        return this.each(tree, around);
      case 'cleanup':
        return this.cleanup(tree, around);
    }
  }

  private stepPlace(tree: Extract<Tree, { kind: 'step' }>, around: Surroundings): Place {
    const { path, scope, node, passed } = tree;
    const { held, acquires, after: _, ...exits } = around;
    return {
      pc: path,
      id: path,
      scope,
      origin: node.origin,
      spec: node.spec,
      passed,
      phase: 'whole',
      acquires,
      held,
      exits,
    };
  }

  private step(tree: Extract<Tree, { kind: 'step' }>, around: Surroundings, copy = ''): Continuation {
    const whole = { ...this.stepPlace(tree, around), pc: tree.path + copy };
    if (!tree.split) return this.place(whole);
    const held = [...around.held, ...around.acquires.map((acquire) => acquire.held)];
    const pc = `${tree.path}~effects`;
    // A jump back to the guards leads to the same effects.
    const known = copy === '' ? undefined : this.places.get(pc);
    const effects = known ? () => known : this.place({ ...whole, pc, phase: 'effects', acquires: [], held });
    return this.place({ ...whole, phase: 'guards', effects });
  }

  private call(tree: Extract<Tree, { kind: 'call' }>, around: Surroundings): Continuation {
    const { node, scope, inner } = tree;
    this.declare(inner, node.fragment.locals);
    const names = Object.keys(node.fragment.locals);
    const leave = ({ locals }: Passage): void => names.forEach((name) => locals.delete(`${inner}.${name}`));
    const returning: Continuation = (passage) => {
      const result = (node.fragment.returns as ((locals: unknown) => unknown) | undefined)?.(
        localsView(passage.locals, inner),
      );
      leave(passage);
      if (node.into) setLocals(passage.locals, scope, node.into(result, localsView(passage.locals, scope)));
      return around.next(passage);
    };
    const failing: Continuation = (passage) => {
      leave(passage);
      return around.fail(passage);
    };
    const body = this.list(tree.body, {
      ...around,
      next: returning,
      done: returning,
      fail: failing,
      goto: () => undefined,
    });
    return (passage) => {
      setLocals(passage.locals, inner, node.args(localsView(passage.locals, scope)));
      return body(passage);
    };
  }

  private tail(tree: Extract<Tree, { kind: 'call' }>, around: Surroundings): Continuation {
    const { node, scope, inner } = tree;
    const unlocked = tree.body.some((below) => below.kind === 'release' && below.dropped);
    let compiled = this.tails.get(node.fragment);
    if (!compiled) this.tails.set(node.fragment, (compiled = new Map<boolean, Continuation>()));
    let body = compiled.get(unlocked);
    if (!body) {
      this.declare(inner, node.fragment.locals);
      const releases = tree.body.filter((below) => below.kind === 'release' && !below.dropped).map(heldBy);
      const exits = { next: this.idle, fail: this.idle, done: this.idle, goto: () => undefined };
      const trees = unlocked ? tree.body.map((below) => renamed(below, '~unlocked')) : tree.body;
      body = this.list(trees, { ...exits, held: releases, after: releases, acquires: [] });
      compiled.set(unlocked, body);
    }
    if (around.acquires.length > 0)
      throw new Error(`the tail at ${tree.path} can't be the first node of a locked block`);
    const enter = body;
    return (passage) => {
      const args = node.args(localsView(passage.locals, scope));
      passage.locals.clear();
      setLocals(passage.locals, inner, args);
      return enter(passage);
    };
  }

  private release(tree: Extract<Tree, { kind: 'release' }>, around: Surroundings): Continuation {
    if (tree.dropped) return around.next;
    return this.releasePlace(tree.path, tree.scope, heldBy(tree), around, tree.node.origin);
  }

  private releasePlace(pc: string, scope: string, held: HeldLock, around: Surroundings, origin: Origin): Continuation {
    const next = releasing(held)(around.next);
    const exits = { next, fail: next, done: next, goto: () => undefined };
    const place: Place = {
      pc,
      id: pc,
      scope,
      origin,
      spec: nothing,
      passed: new Set(),
      phase: 'whole',
      acquires: around.acquires,
      held: around.held,
      exits,
    };
    return this.place(place);
  }

  private locked(tree: Extract<Tree, { kind: 'locked' }>, around: Surroundings): Continuation {
    if (tree.unlocked) {
      if (!tree.tail) return this.list(tree.body, around);
      const tail = this.node(tree.tail, { ...around, acquires: [] });
      return this.list(tree.body, { ...around, next: tail, fail: tail, done: tail, goto: () => undefined });
    }
    if (!tree.tail && tree.body.every((below) => below.kind === 'gone')) return around.next;
    const held = heldBy(tree);
    const acquire: Acquire = { held, tree, interrupted: leavingCalls(tree, around.fail) };
    const inside = [...around.held, held];
    const separate = tree.node.options.separate === true || tree.tail !== undefined || !startsWithStep(tree.body);
    if (!separate && around.acquires.length === 0) {
      const release = releasing(held);
      return this.list(tree.body, {
        next: release(around.next),
        fail: release(around.fail),
        done: release(around.done),
        goto: (label) => maybe(around.goto(label), release),
        held: around.held,
        acquires: [acquire],
        after: inside,
      });
    }
    return this.separately(tree, around, acquire, inside);
  }

  private separately(
    tree: Extract<Tree, { kind: 'locked' }>,
    around: Surroundings,
    acquire: Acquire,
    inside: readonly HeldLock[],
  ): Continuation {
    const { held } = acquire;
    const { origin } = tree.node;
    const merged = tree.node.options.separate !== true && tree.tail === undefined;
    const unlocks = new Map<Continuation, Continuation>();
    const release = releasing(held);
    const unlock = (next: Continuation): Continuation => {
      if (merged) return release(next);
      let place = unlocks.get(next);
      if (!place) {
        const pc = `${tree.path}/unlock${unlocks.size > 0 ? `~${unlocks.size}` : ''}`;
        place = this.releasePlace(
          pc,
          tree.scope,
          held,
          { ...around, next, held: inside, after: inside, acquires: [] },
          origin,
        );
        unlocks.set(next, place);
      }
      return place;
    };
    const tail = tree.tail && this.node(tree.tail, { ...around, held: inside, after: inside, acquires: [] });
    const body = this.list(tree.body, {
      next: tail ?? unlock(around.next),
      fail: tail ?? unlock(around.fail),
      done: tail ?? unlock(around.done),
      goto: (label) => (tail ? undefined : maybe(around.goto(label), release)),
      held: inside,
      acquires: [],
      after: inside,
    });
    return this.place({
      pc: `${tree.path}/lock`,
      id: `${tree.path}/lock`,
      scope: tree.scope,
      origin,
      spec: nothing,
      passed: new Set(),
      phase: 'whole',
      acquires: [...around.acquires, acquire],
      held: around.held,
      exits: { next: body, fail: body, done: body, goto: () => undefined },
    });
  }

  private each(tree: Extract<Tree, { kind: 'each' }>, around: Surroundings): Continuation {
    if (around.acquires.length > 0) throw new Error(`compiler: a loop (${tree.path}) can't take a lock`);
    const { node, scope } = tree;
    const element = `${scope}.${node.as}`;
    const rest = `${scope}.~rest-of-${slug(node.label)}`;
    this.locals.set(rest, sequence(node.sort));
    const leave = once((next) => (passage) => {
      passage.locals.delete(element);
      passage.locals.delete(rest);
      return next(passage);
    });
    const finished = leave(around.next);
    let body: Continuation | undefined = undefined;
    const loop: Continuation = (passage) => {
      const left = passage.locals.get(rest) as readonly unknown[];
      if (left.length === 0) return finished(passage);
      passage.locals.set(element, left[0]);
      passage.locals.set(rest, left.slice(1));
      return (body as unknown as Continuation)(passage);
    };
    body = this.list(tree.body, {
      ...around,
      next: loop,
      fail: leave(around.fail),
      done: leave(around.done),
      goto: (label) => maybe(around.goto(label), leave),
    });
    if (tree.body.every((below) => below.kind === 'gone')) return around.next;
    return (passage) => {
      const all = [...node.over(localsView(passage.locals, scope))];
      const snapshot = all
        .map((value) => [node.sort.encode(value), value] as const)
        .sort(([a], [b]) => compareEncoded(a, b))
        .map(([, value]) => value);
      passage.locals.set(rest, tree.once ? snapshot.slice(0, 1) : snapshot);
      return loop(passage);
    };
  }

  private cleanup(tree: Extract<Tree, { kind: 'cleanup' }>, around: Surroundings): Continuation {
    if (tree.node.when === 'caught') {
      const caught = this.list(tree.cleanup, { ...around, acquires: [], held: around.after });
      return this.list(tree.body, { ...around, fail: caught });
    }
    // One copy of the cleanup for each way out: where it goes afterwards is part of the place.
    const copies = new Map<Continuation, Continuation>();
    const before = (next: Continuation, failed: Continuation): Continuation => {
      let copy = copies.get(next);
      if (!copy) {
        const suffix = copies.size > 0 ? `${'~'.repeat(1 + this.copying)}${copies.size}` : '';
        const trees = suffix === '' ? tree.cleanup : tree.cleanup.map((below) => renamed(below, suffix));
        const held = around.after;
        this.copying++;
        copy = this.list(trees, { ...around, next, fail: failed, done: next, acquires: [], held });
        this.copying--;
        copies.set(next, copy);
      }
      return copy;
    };
    const always = tree.node.when === 'always';
    return this.list(tree.body, {
      ...around,
      next: always ? before(around.next, around.fail) : around.next,
      fail: before(around.fail, around.fail),
      done: always ? before(around.done, around.fail) : around.done,
      goto: always ? () => undefined : around.goto,
    });
  }
}

function heldBy(tree: Tree): HeldLock {
  if (tree.kind === 'locked') {
    return { path: tree.path, scope: tree.scope, lock: tree.node.lock, shared: tree.node.options.shared === true };
  }
  if (tree.kind === 'release') return { path: tree.path, scope: tree.scope, lock: tree.node.lock, shared: false };
  throw new Error(`compiler: ${tree.path} holds no lock`);
}

/** Without the locks that a tail has released by then. */
function stillHeld(locks: readonly HeldLock[], before: readonly Tree[]): readonly HeldLock[] {
  return locks.filter(({ path }) => !before.some((tree) => tree.kind === 'release' && tree.path === path));
}

/** One continuation for each `next`: ways out that lead to one place are one place, with one copy of a cleanup on it. */
function once(wrap: (next: Continuation) => Continuation): (next: Continuation) => Continuation {
  const known = new Map<Continuation, Continuation>();
  return (next) => {
    let wrapped = known.get(next);
    if (!wrapped) known.set(next, (wrapped = wrap(next)));
    return wrapped;
  };
}

const releasing = (held: HeldLock): ((next: Continuation) => Continuation) =>
  once((next) => (passage) => {
    passage.released.push({ held, lock: held.lock(localsView(passage.locals, held.scope)) });
    return next(passage);
  });

/** An interrupted taker may already have entered the call that the block begins with. */
const leavingCalls =
  ({ body }: Extract<Tree, { kind: 'locked' }>, next: Continuation): Continuation =>
  (passage) => {
    const first = body.find((below) => below.kind !== 'gone');
    const entered = first?.kind === 'call' ? first.inner : undefined;
    for (const name of [...passage.locals.keys()]) {
      if (entered !== undefined && (name.startsWith(`${entered}.`) || name.startsWith(`${entered}/`)))
        passage.locals.delete(name);
    }
    return next(passage);
  };

const maybe = (next: Continuation | undefined, wrap: (next: Continuation) => Continuation): Continuation | undefined =>
  next && wrap(next);

/** Taking a lock may merge with a first step that never waits: else a waiter would not hold the lock it waits with. */
function startsWithStep(trees: readonly Tree[]): boolean {
  const first = trees.find((tree) => tree.kind !== 'gone');
  if (!first) return false;
  if (first.kind === 'step') return first.node.spec.waits !== true;
  return first.kind === 'call' && !first.node.tail ? startsWithStep(first.body) : false;
}

/** The label that jumps name: that of the node itself in a copy of a cleanup or tail, too. */
function labelOf({ path }: Tree): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/(~+\d+|~unlocked)+$/, '');
}
