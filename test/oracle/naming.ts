/** Gives names to what `raw.ts` has drawn, so that most of what is written makes sense. */
import type {
  Assign,
  Choice,
  Exit,
  Expr,
  Guard,
  LocalAssign,
  LocalValue,
  LockRef,
  LockVariable,
  Node,
  ProcessDecl,
  Program,
  Property,
  Step,
  Variable,
} from './ast.js';
import type { RawExpr, RawModel, RawNode, RawStep } from './raw.js';

export interface Env {
  /** Number locals that can be read; the first is the likeliest to be set. None for rules and properties. */
  readonly numbers: readonly string[];
  /** May shared variables be read? */
  readonly shared: boolean;
  /** May reading throw? Not in properties. */
  readonly throws: boolean;
  /** Labels in reach of a jump. */
  readonly reach: readonly string[];
  readonly held: readonly string[];
  /** Fragments from this one on may be called. */
  readonly from: number;
  readonly program: { numbers: string[] };
}

export const pick = <T>(list: readonly T[], n: number): T => list[n % list.length];
const constant = (n: number): Expr => ({ k: 'const', n });
export const locks: readonly LockVariable[] = [
  { name: 'L', kind: 'mutex', size: 0 },
  { name: 'K', kind: 'spin', size: 2 },
  { name: 'R', kind: 'rw', size: 0 },
  { name: 'I', kind: 'interruptible', size: 0 },
];
const lockRefs: readonly LockRef[] = [{ lock: 'L' }, { lock: 'K', by: 'd' }, { lock: 'R' }, { lock: 'I' }];

/** Gives names to parts of one model. */
export class Naming {
  private count = 0;
  readonly variables: readonly Variable[];

  constructor(private readonly raw: RawModel) {
    this.variables = [
      ...raw.ints.map(({ max, init }, i): Variable => ({ k: 'int', name: `v${i}`, max, init })),
      { k: 'bool', name: 'b', init: 0 },
      ...(raw.queue ? [{ k: 'queue', name: 'q', max: 2, size: 2 } as const] : []),
      ...(raw.family > 0
        ? [{ k: 'family', name: 'f', size: raw.family, max: 2, init: [0, 1, 2].slice(0, raw.family) } as const]
        : []),
    ];
  }

  private fresh(prefix: string): string {
    return `${prefix}${this.count++}`;
  }

  expr({ t, n, a, b }: RawExpr, env: Env): Expr {
    const go = (of: RawExpr | undefined): Expr => (of ? this.expr(of, env) : constant(n % 3));
    const shared = env.shared ? this.variables : [];
    const plain = shared.filter(({ k }) => k === 'int' || k === 'bool');
    switch (t) {
      case 0:
        return constant(n % 3);
      case 1:
      case 2:
        return plain.length > 0 ? { k: 'var', v: pick(plain, n).name } : this.local(n, env);
      case 3:
        return this.local(n, env);
      case 4:
        return this.raw.family > 0 && env.shared ? { k: 'member', f: 'f', i: go(a) } : go(a);
      case 5:
        return this.raw.queue && env.shared
          ? n > 10 && env.throws
            ? { k: 'head', q: 'q' }
            : { k: 'length', q: 'q' }
          : go(a);
      case 6:
        return { k: 'mod', a: { k: 'plus', a: go(a), b: go(b) }, n: 3 };
      case 7:
        return { k: 'eq', a: go(a), b: go(b) };
      case 8:
        return { k: 'less', a: go(a), b: go(b) };
      case 9:
        return { k: 'and', a: go(a), b: go(b) };
      case 10:
        return { k: 'or', a: go(a), b: go(b) };
      default:
        return { k: 'not', a: go(a) };
    }
  }

  private local(n: number, { numbers, throws }: Env): Expr {
    if (numbers.length === 0) return constant(n % 3);
    return { k: 'local', l: n === 11 && throws ? 'y' : pick(numbers, n) };
  }

  private exit(exit: number, n: number, { reach }: Env): Exit {
    if (exit >= 18) return { k: 'fail', errno: pick(['EA', 'EB'], n) };
    if (exit === 17) return { k: 'done', result: pick(['', 'ok'], n) };
    return exit >= 15 && reach.length > 0 ? { k: 'goto', to: pick(reach, n) } : { k: 'next' };
  }

  private assign(raw: { n: number; i: RawExpr; e: RawExpr; wild: boolean }, env: Env): Assign {
    const target = pick(this.variables, raw.n);
    if (target.k === 'queue')
      return raw.n % 2 === 0 ? { k: 'push', q: 'q', e: this.modulo(this.expr(raw.e, env), 3) } : { k: 'pop', q: 'q' };
    const value = this.expr(raw.e, env);
    if (target.k === 'bool') return { k: 'var', v: target.name, e: value };
    const e: Expr = raw.wild ? { k: 'plus', a: value, b: constant(1) } : this.modulo(value, target.max + 1);
    return target.k === 'int'
      ? { k: 'var', v: target.name, e }
      : { k: 'member', f: target.name, i: this.expr(raw.i, env), e };
  }

  private readonly modulo = (a: Expr, n: number): Expr => (a.k === 'const' ? constant(a.n % n) : { k: 'mod', a, n });

  step(raw: RawStep, env: Env, label: string): Step {
    const choices = raw.choices.map((choice, i): Choice => {
      const targets = new Map(choice.set.map((one) => [pick(this.variables, one.n).name, one]));
      const local = env.numbers.length > 0 && choice.local;
      return {
        when: choice.when && (i > 0 || raw.waits || raw.careless) ? this.expr(choice.when, env) : constant(1),
        set: [...targets.values()].map((one) => this.assign(one, env)),
        locals: local
          ? {
              [local.n > 7 ? 'y' : 'x']: {
                k: 'number',
                e: this.modulo(this.expr(local.e, env), local.n === 3 ? 9 : 3),
              },
            }
          : {},
        exit: env.program.numbers.length === 0 ? { k: 'next' } : this.exit(choice.exit, choice.n, env),
        note: choice.note ? 'noted' : '',
        ...(choice.emit ? { emit: this.modulo(this.expr(choice.emit, env), 3) } : {}),
      };
    });
    const guards = raw.guards.map(({ test, exit }, i): Guard => {
      const to =
        exit % 2 === 0 && (raw.waits || raw.careless)
          ? ({ k: 'block' } as const)
          : this.exit(18 - (exit % 5), exit, env);
      return { id: `g${i}`, test: this.expr(test, env), else: env.program.numbers.length === 0 ? { k: 'block' } : to };
    });
    return {
      k: 'step',
      label,
      guards,
      choices,
      waits: raw.waits,
      sleeps: raw.sleeps,
      forget: raw.forget && env.numbers.length > 0 ? ['y'] : [],
      ...(raw.fair ? { fair: raw.fair } : {}),
    };
  }

  list(raw: readonly RawNode[], env: Env): Node[] {
    const labels = raw.map(({ k }) => this.fresh(k === 'step' ? 's' : k));
    const jumps = labels.filter((_, i) => raw[i].k === 'step');
    return raw.map((node, i) => this.node(node, { ...env, reach: [...jumps, ...env.reach] }, labels[i]));
  }

  private node(raw: RawNode, env: Env, label: string): Node {
    switch (raw.k) {
      case 'step':
        return this.step(raw, env, label);
      case 'call': {
        const callable = this.raw.fragments.length - env.from;
        if (callable <= 0) return { k: 'step', label, guards: [], choices: [], waits: true, sleeps: false, forget: [] };
        const fragment = env.from + (raw.n % callable);
        const args: Record<string, LocalValue> = {
          x: { k: 'number', e: this.expr(raw.x, { ...env, shared: false }) },
          s: { k: 'set', of: raw.n % 3 === 0 ? [constant(2), constant(raw.d % 3)] : [constant(1)] },
          d: { k: 'number', e: raw.d % 2 === 0 ? { k: 'local', l: 'd' } : constant(raw.d % 2) },
        };
        const into = raw.into && this.raw.fragments[fragment].returns ? { into: 'x' } : {};
        return { k: 'call', label, fragment: `F${fragment}`, args: raw.bare ? {} : args, ...into };
      }
      case 'locked': {
        const free = lockRefs.filter(({ lock }) => !env.held.includes(lock));
        const lock = free.length > 0 ? pick(free, raw.n) : pick(lockRefs, raw.n);
        const shared = lock.lock === 'R' && raw.shared;
        const pending = lock.lock === 'I' && raw.pending ? { pending: 'b' } : {};
        const body = this.list(raw.body, { ...env, held: [...env.held, lock.lock] });
        const fair = raw.fair ? { fair: raw.fair } : {};
        return { k: 'locked', label, lock, separate: raw.separate, shared, ...fair, ...pending, body };
      }
      case 'each': {
        const as = this.fresh('e');
        env.program.numbers.push(as);
        return {
          k: 'each',
          label,
          as,
          over: 's',
          body: this.list(raw.body, { ...env, numbers: [...env.numbers, as] }),
        };
      }
      case 'cleanup': {
        const body = this.list(raw.body, raw.when === 'always' ? { ...env, reach: [] } : env);
        return { k: 'cleanup', label, when: raw.when, body, cleanup: this.list(raw.cleanup, env) };
      }
    }
  }

  env(from: number): Env {
    return {
      numbers: ['x'],
      shared: true,
      throws: true,
      reach: [],
      held: [],
      from,
      program: { numbers: ['x', 'y', 'd'] },
    };
  }

  program(name: string, env: Env, body: readonly Node[], returns?: Expr): Program {
    return { name, body, ...(returns ? { returns } : {}), numbers: env.program.numbers, sets: ['s'] };
  }

  tails(): Program[] {
    const { n, before, after, plain } = this.raw.tail;
    const env = this.env(0);
    const steps = (raw: readonly RawStep[]): Node[] => raw.map((one) => this.step(one, env, this.fresh('t')));
    const release: Node = { k: 'release', label: 'release', lock: pick(lockRefs, n) };
    return [this.program('T', env, [...steps(before), release, ...steps(after)]), this.program('P', env, steps(plain))];
  }

  handler({ entry, body, end }: RawModel['handlers'][number], i: number): Program {
    const env = this.env(0);
    const enter: Step = {
      k: 'step',
      label: 'enter',
      guards: [],
      choices: entry.map(({ x, s, d }) => ({
        when: constant(1),
        set: [],
        locals: {
          x: { k: 'number', e: constant(x % 3) },
          s: { k: 'set', of: s.map(constant) },
          d: { k: 'number', e: constant(d % 2) },
        },
        exit: { k: 'next' },
        note: '',
      })),
      waits: false,
      sleeps: false,
      forget: [],
    };
    const args = (n: number): LocalAssign => ({
      x: { k: 'number', e: n % 3 === 0 ? { k: 'local', l: 'x' } : constant(1) },
      d: { k: 'number', e: { k: 'local', l: 'd' } },
    });
    const nodes: Node[] = [enter, ...this.list(body, env)];
    if (end.k === 'plain') nodes.push({ k: 'tail', label: 'P', fragment: 'P', args: args(end.n) });
    if (end.k === 'locked') {
      const lock = pick(lockRefs, this.raw.tail.n);
      const inside = this.list(end.body, { ...env, held: [lock.lock] });
      nodes.push({
        k: 'locked',
        label: this.fresh('locked'),
        lock,
        separate: false,
        shared: false,
        tail: { fragment: 'T', args: args(end.n) },
        body: inside,
      });
    }
    return this.program(`h${i}`, env, nodes);
  }

  property(raw: RawModel['properties'][number], i: number, processes: readonly ProcessDecl[]): Property {
    const { t, n } = raw;
    const id = `p${i}`;
    const env = { ...this.env(0), numbers: ['p'], throws: false };
    const e = this.expr(raw.e, env);
    const when = raw.when ? { when: this.expr(raw.when, env) } : {};
    const excused = raw.excused ? { excused: this.expr(raw.excused, { ...env, numbers: [] }) } : {};
    if (t < 4) {
      const low: Expr = { k: 'less', a: { k: 'var', v: 'v0' }, b: constant(1 + (n % 3)) };
      return { k: 'invariant', id, ...when, e: { k: 'or', a: e, b: low } };
    }
    if (t === 4) return { k: 'quiescent', id, ...when, e };
    if (t === 5) return { k: 'reachable', id, ...when, e };
    if (t < 8) return { k: 'grows', id, v: pick(['v0', 'b'], n), unless: this.expr(raw.e, { ...env, numbers: [] }) };
    if (t === 8) return { k: 'event', id, most: n % 2 };
    if (t === 9) return { k: 'monitor', id, most: 1 + (n % 2) };
    if (t === 10) return { k: 'deadlock-free', id, ...excused };
    if (t === 11) return { k: 'wedge-free', id, ...excused };
    if (t < 14) {
      const by = processes.filter((_, p) => n % (p + 2) !== 0).map(({ name }) => name);
      return { k: 'possible', id, ...when, e, by, ...excused };
    }
    if (t > 18) return { k: 'lock-order', id };
    return { k: 'leads-to', id, ...when, e, ...excused };
  }
}
