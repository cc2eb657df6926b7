/** Random models as text, for whoever has to read a counterexample. */
import type { Assign, Choice, Exit, Expr, LocalAssign, LockRef, Node, RandomModel, Step } from './ast.js';
import { editText } from './ast.js';

const signs = { plus: '+', eq: '==', less: '<', and: '&&', or: '||' } as const;

export function showExpr(e: Expr): string {
  switch (e.k) {
    case 'const':
      return String(e.n);
    case 'var':
      return e.v;
    case 'local':
      return `.${e.l}`;
    case 'member':
      return `${e.f}[${showExpr(e.i)}]`;
    case 'length':
    case 'head':
      return `${e.q}.${e.k}`;
    case 'mod':
      return `${showExpr(e.a)} % ${e.n}`;
    case 'not':
      return `!${showExpr(e.a)}`;
    default:
      return `(${showExpr(e.a)} ${signs[e.k]} ${showExpr(e.b)})`;
  }
}

const showLock = ({ lock, by }: LockRef): string => (by === undefined ? lock : `${lock}[.${by}]`);
const showExit = (exit: Exit | { k: 'block' }): string =>
  exit.k === 'goto'
    ? `goto ${exit.to}`
    : exit.k === 'fail'
      ? `fail ${exit.errno}`
      : exit.k === 'done'
        ? `done ${exit.result}`
        : exit.k;
const showLocals = (all: LocalAssign): string[] =>
  Object.entries(all).map(
    ([name, value]) => `.${name} := ${value.k === 'number' ? showExpr(value.e) : `{${value.of.map(showExpr).join()}}`}`,
  );

function showAssign(one: Assign): string {
  if (one.k === 'pop') return `pop ${one.q}`;
  if (one.k === 'push') return `push ${one.q} ${showExpr(one.e)}`;
  return `${one.k === 'var' ? one.v : `${one.f}[${showExpr(one.i)}]`} := ${showExpr(one.e)}`;
}

function showChoice({ when, set, locals, exit, note, emit }: Choice): string {
  const parts = [
    ...set.map(showAssign),
    ...showLocals(locals),
    ...(emit ? [`emit ${showExpr(emit)}`] : []),
    ...(note ? [`say ${note}`] : []),
    showExit(exit),
  ];
  return `when ${showExpr(when)}: ${parts.join('; ')}`;
}

function showStep(step: Step, pad: string): string[] {
  const flags = `${step.waits ? ' waits' : ''}${step.sleeps ? ' sleeps' : ''}${step.fair ? ` fair ${step.fair}` : ''}${step.forget.map((local) => ` forgets .${local}`).join('')}`;
  const guards = step.guards.map(({ id, test, else: exit }) => `guard ${id}: ${showExpr(test)} else ${showExit(exit)}`);
  return [
    `${pad}${step.label}:${flags}`,
    ...[...guards, ...step.choices.map(showChoice)].map((line) => `${pad}    ${line}`),
  ];
}

function showNode(node: Node, pad: string): string[] {
  const body = (nodes: readonly Node[]): string[] => nodes.flatMap((one) => showNode(one, `${pad}  `));
  switch (node.k) {
    case 'step':
      return showStep(node, pad);
    case 'release':
      return [`${pad}${node.label}: release ${showLock(node.lock)}`];
    case 'call':
    case 'tail':
      return [
        `${pad}${node.label}: ${node.k} ${node.fragment}(${showLocals(node.args).join(', ')})${node.k === 'call' && node.into ? ` into .${node.into}` : ''}`,
      ];
    case 'locked': {
      const flags = [
        node.separate && 'separate',
        node.shared && 'shared',
        node.fair && `fair ${node.fair}`,
        node.pending && `pending ${node.pending}`,
        node.tail && `tail ${node.tail.fragment}(${showLocals(node.tail.args).join(', ')})`,
      ];
      return [
        `${pad}${node.label}: locked ${showLock(node.lock)} ${flags.filter(Boolean).join(' ')}`,
        ...body(node.body),
      ];
    }
    case 'each':
      return [`${pad}${node.label}: each .${node.as} of .${node.over}`, ...body(node.body)];
    case 'cleanup':
      return [
        `${pad}${node.label}: try`,
        ...body(node.body),
        `${pad}${node.when === 'always' ? 'finally' : node.when === 'failure' ? 'on failure' : 'caught'}`,
        ...body(node.cleanup),
      ];
  }
}

export function showModel(model: RandomModel): string {
  const program =
    (what: string) =>
    ({ name, body, returns }: RandomModel['handlers'][number]): string[] => [
      `${what} ${name}${returns ? ` returns ${showExpr(returns)}` : ''}`,
      ...body.flatMap((node) => showNode(node, '  ')),
    ];
  return [
    '',
    ...model.variables.map((one) => `${one.k} ${one.name} ${JSON.stringify(one)}`),
    ...model.starts.map(([name, value]) => `start ${name} = ${value}`),
    ...model.fragments.flatMap(program('fragment')),
    ...model.tails.flatMap(program('tail')),
    ...model.handlers.flatMap(program('handler')),
    ...model.processes.flatMap((one) =>
      one.k === 'handlers'
        ? [`process ${one.name}: ${one.handlers.join()}`]
        : [`hardware ${one.name}`, ...one.rules.flatMap((rule) => showStep(rule, '  '))],
    ),
    ...model.properties.map(
      (one) =>
        `property ${one.id} ${one.k} ${'e' in one ? showExpr(one.e) : 'unless' in one ? `${one.v} unless ${showExpr(one.unless)}` : 'most' in one ? one.most : ''}${'by' in one ? ` by ${one.by.join()}` : ''}${'when' in one && one.when ? ` when ${showExpr(one.when)}` : ''}${'excused' in one && one.excused ? ` excused ${showExpr(one.excused)}` : ''}`,
    ),
    ...model.edits.map((edit) => `edit ${editText(edit)}`),
    '',
  ].join('\n');
}
