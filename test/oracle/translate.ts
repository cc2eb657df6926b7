/** The other back end: a random model written in the modelling language. */
import type { List, Set as ImmutableSet } from 'immutable';
import {
  block,
  bool,
  choice as scopeWord,
  done,
  fail,
  fragment,
  goto,
  handler,
  index,
  list,
  model,
  next,
  range,
  rule,
  set,
  type Body,
  type Builder,
  type Family,
  type Footprint,
  type Fragment,
  type Handler,
  type Lock,
  type LocalSorts,
  type Model,
  type Node as LanguageNode,
  type Sort,
  type StepSpec,
  type Var,
} from '../../src/language/index.js';
import type {
  Assign,
  Choice,
  Exit,
  Expr,
  LocalAssign,
  LocalValue,
  LockRef,
  Node,
  Predicate,
  Program,
  Property,
  RandomModel,
  Step,
} from './ast.js';
import type { Footprints } from './footprint.js';
import { honest, keyOfMember } from './footprint.js';
import { isView, valueOf, type AnyLocals, type Seen } from './translate-value.js';

const small = range(0, 2);
const smallSet = set(small);

/** The model in the language. `footprints` may lie, for tests of what happens then. */
export function translate(ast: RandomModel, footprints: Footprints = honest): Model {
  return model({
    name: 'random',
    title: 'a random model',
    scope: { variant: scopeWord(['only'], 'nothing to choose') },
    build: (m) => new Translation(ast, m, footprints).all(),
  });
}

class Translation {
  private readonly variables = new Map<string, Var<unknown>>();
  private readonly families = new Map<string, Family<readonly number[], unknown>>();
  private readonly locks = new Map<string, (locals: unknown) => Lock>();
  private readonly lockFamilies = new Map<string, (i: number) => Lock>();
  private readonly fragments = new Map<string, Fragment<LocalSorts>>();

  constructor(
    private readonly ast: RandomModel,
    private readonly m: Builder,
    private readonly footprints: Footprints,
  ) {}

  all(): void {
    const { ast, m } = this;
    for (const one of ast.variables) this.declare(one);
    for (const { name, kind, size } of ast.locks) {
      if (size > 0)
        this.lockFamilies.set(
          name,
          m.locks(name, index(`${name}-index`, size), () => ({ kind })) as unknown as (i: number) => Lock,
        );
      else {
        const lock = m.lock(name, { kind });
        this.locks.set(name, () => lock);
      }
    }
    for (const program of [...ast.fragments].reverse()) this.fragments.set(program.name, this.fragment(program));
    for (const program of ast.tails) this.fragments.set(program.name, this.fragment(program));
    const handlers = new Map(ast.handlers.map((program) => [program.name, this.handler(program)]));
    for (const process of ast.processes) {
      if (process.k === 'handlers') m.process(process.name, process.handlers.map((name) => handlers.get(name)!));
      else m.hardware(process.name, process.rules.map((step) => rule(step.label, this.spec(step) as StepSpec<Footprint, Footprint, Record<never, never>>))); // prettier-ignore
    }
    for (const [name, value] of ast.starts)
      m.start([this.variables.get(name)! as Var<never>, this.valueFor(name, value)]);
    for (const property of ast.properties) this.property(property);
  }

  private declare(one: RandomModel['variables'][number]): void {
    const { m } = this;
    if (one.k === 'family') {
      const of = index(`${one.name}-index`, one.size);
      const initial = ((i: number) => one.init[i]) as never;
      this.families.set(one.name, m.family<[typeof of], number>(one.name, [of], range(0, one.max), initial) as never);
    } else if (one.k === 'int')
      this.variables.set(one.name, m.variable(one.name, range(0, one.max), one.init) as Var<unknown>);
    else if (one.k === 'bool') this.variables.set(one.name, m.variable(one.name, bool, one.init !== 0) as Var<unknown>);
    else {
      const sort = list(range(0, one.max), one.size);
      this.variables.set(one.name, m.variable(one.name, sort, sort.make()) as Var<unknown>);
    }
  }

  private valueFor(name: string, value: number): unknown {
    return this.ast.variables.find((one) => one.name === name)?.k === 'bool' ? value !== 0 : value;
  }

  private sorts({ numbers, sets }: Program): Record<string, Sort<unknown>> {
    return Object.fromEntries([
      ...numbers.map((name) => [name, small as Sort<unknown>] as const),
      ...sets.map((name) => [name, smallSet as unknown as Sort<unknown>] as const),
    ]);
  }

  private fragment(program: Program): Fragment<LocalSorts> {
    const { returns } = program;
    const result = returns && ((locals: unknown) => this.value(returns, {}, locals as AnyLocals));
    return fragment(
      program.name,
      this.sorts(program),
      (h) => this.nodes(program.body, h),
      result as never,
    ) as unknown as Fragment<LocalSorts>;
  }

  private handler(program: Program): Handler {
    return handler(program.name, this.sorts(program), (h) => this.nodes(program.body, h));
  }

  private nodes(nodes: readonly Node[], h: Body<LocalSorts>): LanguageNode[] {
    return nodes.map((node) => this.node(node, h));
  }

  private node(node: Node, h: Body<LocalSorts>): LanguageNode {
    const { label } = node;
    switch (node.k) {
      case 'step':
        return h.step(label, this.spec(node));
      case 'release':
        return h.release(label, this.lock(node.lock));
      case 'call': {
        const { into } = node;
        return h.call(this.fragments.get(node.fragment)!, this.args(node.args) as never, {
          as: label,
          ...(into === undefined ? {} : { into: (result: unknown) => ({ [into]: result }) as never }),
        });
      }
      case 'tail':
        return h.tail(this.fragments.get(node.fragment)!, this.args(node.args) as never);
      case 'locked': {
        const { separate, shared, pending, tail, fair } = node;
        return h.locked(label, this.lock(node.lock), this.nodes(node.body, h), {
          separate,
          shared,
          ...(fair ? { fair } : {}),
          ...(pending === undefined ? {} : { pending: () => this.variables.get(pending) as Var<boolean> }),
          ...(tail ? { tail: h.tail(this.fragments.get(tail.fragment)!, this.args(tail.args) as never) } : {}),
        });
      }
      case 'each':
        return h.each(
          label,
          node.as,
          (l) => (l as AnyLocals)[node.over] as ImmutableSet<never>,
          this.nodes(node.body, h),
        );
      case 'cleanup':
        return h[({ always: 'finally', failure: 'onFail', caught: 'attempt' } as const)[node.when]](
          label,
          this.nodes(node.body, h),
          this.nodes(node.cleanup, h),
        );
    }
  }

  private lock({ lock, by }: LockRef): (locals: unknown) => Lock {
    if (by === undefined) return this.locks.get(lock)!;
    return (locals) => this.lockFamilies.get(lock)!((locals as Record<string, number>)[by]);
  }

  private args(args: LocalAssign): (locals: AnyLocals) => Record<string, unknown> {
    return (locals) => this.localValues(args, {}, locals);
  }

  private localValues(all: LocalAssign, seen: Seen, locals: AnyLocals): Record<string, unknown> {
    const valueOf = (value: LocalValue): unknown =>
      value.k === 'number'
        ? this.value(value.e, seen, locals)
        : smallSet.make(value.of.map((e) => this.value(e, seen, locals)));
    return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, valueOf(value)]));
  }

  private spec(step: Step): StepSpec<Footprint, Footprint, never> {
    const { guards, choices, waits, sleeps, forget, fair } = step;
    const { reads, writes } = this.footprints(step, this.ast);
    const items =
      (keys: typeof reads) =>
      (locals: AnyLocals): Footprint =>
        Object.fromEntries(
          keys.map(({ key, variable, member }) => {
            if (member === undefined) return [key, this.variables.get(variable) ?? this.families.get(variable)!];
            const family = this.families.get(variable)!;
            const known = member.k === 'const' || (member.k === 'local' && member.l in locals);
            // An unset local names no member: then the step may look for itself, and fail.
            return [key, known ? family(this.value(member, {}, locals) % family.all.length) : family];
          }),
        );
    const run = (seen: Seen, locals: AnyLocals): unknown[] => {
      const offers: (() => unknown)[] = choices.flatMap((choice) => {
        if (this.value(choice.when, seen, locals) === 0) return [];
        const result = this.result(choice, seen, locals);
        return [() => result];
      });
      return offers.map((offer) => offer());
    };
    return {
      reads: items(reads) as never,
      writes: items(writes) as never,
      guards: guards.map((guard) => ({
        id: guard.id,
        doc: '',
        test: (seen: Seen, locals: AnyLocals) => this.value(guard.test, seen, locals) !== 0,
        else: guard.else.k === 'block' ? block : exitOf(guard.else),
      })) as never,
      run: run as never,
      waits,
      ...(fair ? { fair } : {}),
      sleeps,
      forget: forget as never,
      atomic: 'random model',
    };
  }

  private result({ set: assigns, locals: assigned, exit, note, emit }: Choice, seen: Seen, locals: AnyLocals) {
    const values = Object.fromEntries(assigns.map((assign) => this.written(assign, seen, locals)));
    let result = exitOf(exit, values).local(this.localValues(assigned, seen, locals));
    if (note !== '') result = result.say(note);
    return emit ? result.emit('event', { n: this.value(emit, seen, locals) }) : result;
  }

  private written(assign: Assign, seen: Seen, locals: AnyLocals): [string, unknown] {
    if (assign.k === 'var') return [assign.v, this.valueFor(assign.v, this.value(assign.e, seen, locals))];
    if (assign.k === 'member') {
      const key = keyOfMember(assign.f, assign.i);
      const to = this.value(assign.e, seen, locals);
      const at = this.value(assign.i, seen, locals) % this.families.get(assign.f)!.all.length;
      const now = seen[key];
      return [key, isView(now) ? now.set(at, to) : to];
    }
    const queue = seen[assign.q] as List<number>;
    return [assign.q, assign.k === 'push' ? queue.push(this.value(assign.e, seen, locals)) : queue.shift()];
  }

  private value(e: Expr, seen: Seen, locals: AnyLocals): number {
    return valueOf(e, seen, locals, (family) => this.families.get(family)!.all.length);
  }

  private property(property: Property): void {
    const { m } = this;
    const { id } = property;
    const text = 'random';
    switch (property.k) {
      case 'invariant':
      case 'quiescent':
      case 'reachable':
        return m[property.k](id, { text, ...this.predicate(property) });
      case 'possible':
        return m.alwaysPossible(id, { text, by: property.by, ...this.predicate(property), ...this.excused(property) });
      case 'leads-to':
        return m.leadsTo(id, { text, ...this.predicate(property), ...this.excused(property) });
      case 'grows': {
        const v = this.variables.get(property.v)!;
        const reads = this.footprint(property.unless, {});
        const holds = (before: Seen, after: Seen): boolean =>
          Number(after['v!']) >= Number(before['v!']) || this.value(property.unless, after, {}) !== 0;
        return m.transition(id, {
          text,
          writes: () => [v],
          reads: () => ({ ...reads, 'v!': v }),
          holds: holds as never,
        });
      }
      case 'event':
        return m.transition(id, {
          text,
          on: ['event'],
          reads: () => ({}),
          holds: (_before, _after, _parameters, step) => (step.emitted('event')!.n as number) <= property.most,
        });
      case 'monitor': {
        const events = m.variable('events', range(0, 3), 0);
        const add = ({ n }: { n: number }, seen: { events: number }) => ({ events: (seen.events + n) % 4 });
        const count = m.monitor('count', { events }, { event: add as never });
        return m.invariant(id, {
          text,
          monitors: [count],
          reads: () => ({ events }),
          holds: (s) => s.events <= property.most,
        });
      }
      case 'deadlock-free':
        return m.deadlockFree(id, { text, allowed: this.excused(property).excused });
      case 'wedge-free':
        return m.wedgeFree(id, { text, ...this.excused(property) });
      case 'lock-order':
        return m.lockOrder(id, { text });
    }
  }

  private footprint(e: Expr, parameters: AnyLocals): Footprint {
    const step: Step = {
      k: 'step',
      label: '',
      guards: [{ id: '', test: e, else: { k: 'next' } }],
      choices: [],
      waits: false,
      sleeps: false,
      forget: [],
    };
    return Object.fromEntries(
      honest(step, this.ast).reads.map(({ key, variable, member }) => {
        const family = this.families.get(variable);
        if (member?.k === 'const') return [key, family!(member.n % family!.all.length)];
        if (member?.k === 'local') return [key, family!((parameters[member.l] as number) % family!.all.length)];
        return [key, family ?? this.variables.get(variable)!];
      }),
    );
  }

  private predicate({ e, when }: Predicate) {
    const is =
      (of: Expr) =>
      (seen: Seen, parameters: AnyLocals): boolean =>
        this.value(of, seen, parameters) !== 0;
    return {
      forall: { p: small },
      reads: (parameters: AnyLocals) => ({
        ...this.footprint(e, parameters),
        ...(when ? this.footprint(when, parameters) : {}),
      }),
      ...(when ? { when: is(when) } : {}),
      holds: is(e),
    };
  }

  private excused({ excused: e }: { excused?: Expr }) {
    if (!e) return {};
    return { excused: { reads: this.footprint(e, {}), holds: (seen: Seen) => this.value(e, seen, {}) !== 0 } };
  }
}

function exitOf(exit: Exit, values: Record<string, unknown> = {}) {
  if (exit.k === 'goto') return goto(exit.to, values);
  if (exit.k === 'fail') return fail(exit.errno, values);
  return exit.k === 'done' ? done(exit.result, values) : next(values);
}
