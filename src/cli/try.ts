/** `ringfence try HANDLER`: one handler, alone, from a state of the user's making: all that can come of it. */
import {
  Frame,
  IDLE,
  SortError,
  build,
  describe,
  keyOf,
  nearest,
  parseValue,
  slug,
  type Handler,
  type LocalSorts,
  type Machine,
  type Sort,
} from '../language/index.js';
import { execute } from '../explorer/index.js';
import { pad, pairs, styled, widest, type Line } from '../report/index.js';
import { Exit, InputError, type ExitCode } from './exit.js';
import { findModels } from './models.js';
import { say, type Terminal } from './terminal.js';

/** Options of `try`. */
export interface TryOptions {
  readonly model: string;
  readonly scope: Readonly<Record<string, string>>;
  /** Values by variable, as they print. */
  readonly state: Readonly<Record<string, string>>;
  /** Values by local of the handler. */
  readonly args: Readonly<Record<string, string>>;
  /** Results to print at most. */
  readonly limit: number;
  readonly json: boolean;
}

interface Step {
  readonly process: string;
  readonly action: string;
  readonly label: string;
}
interface Change {
  readonly place: string;
  readonly before: string;
  readonly after: string;
}
/** One way that it can go. */
interface Attempt {
  readonly end: 'returns' | 'waits for ever' | 'goes round for ever' | 'is an error of the model';
  /** The error code or other label; for errors the message. */
  readonly result: string;
  readonly args: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly changes: readonly Change[];
}

/** Tries a handler. @throws InputError, ModelError */
export async function tryHandler(handler: string, options: TryOptions, terminal: Terminal): Promise<ExitCode> {
  const { scope, limit, json } = options;
  const [{ model }, ...others] = await findModels([options.model], terminal.cwd);
  if (others.length > 0) throw new InputError(`${options.model} has several models: name one that is built in`);
  const machine = build(model, { scope, properties: [] });
  const { builder } = describe(model, { scope });
  const processes = builder.processes.flatMap((one) => (one.kind === 'handlers' ? [one] : []));
  const handlers = processes.flatMap((one) => one.handlers);
  const names = [...new Set(handlers.map(({ name }) => slug(name)))];
  const own = handlers.find(({ name }) => slug(name) === slug(handler));
  if (!own) throw new InputError(`${model.name} has no handler "${handler}"${hint(handler, names)}`);
  const process = processes.find((one) => one.handlers.includes(own))!.name;
  const state = changed(machine, options.state);
  const wanted = wantedLocals(own, options.args);
  const trial = new Trial(machine, process, own, wanted, limit);
  trial.from(state, [], new Set([trial.key(state)]), {});
  const { attempts, cut } = trial;
  if (attempts.length === 0) throw new InputError(`${handler} never gets ${pairs(options.args, ', ')} from this state`);
  if (json) {
    const about = { model: model.name, scope: machine.scope, handler: slug(own.name), process };
    terminal.stdout.write(`${JSON.stringify({ ...about, results: attempts, complete: !cut })}\n`);
    return Exit.asExpected;
  }
  say(terminal, [
    [styled('bold', model.name), `  ${slug(own.name)} on ${process}, alone`],
    ['  ', styled('dim', 'scope     '), pairs(machine.scope) || 'none'],
    [
      '  ',
      styled('dim', 'from      '),
      ['the initial state', pairs(options.state, ', ')].filter(Boolean).join(' with '),
    ],
    ...attempts.flatMap((attempt, i) => [[], ...attemptLines(attempt, i + 1)]),
    ...(cut ? [[], [styled('warn', `and more: only ${limit} results are printed (--limit N, or --args)`)]] : []),
  ]);
  return Exit.asExpected;
}

/** Paths of one process; hardware moves only while the process waits. */
class Trial {
  readonly attempts: Attempt[] = [];
  cut = false;
  private start: readonly unknown[] | undefined;
  private readonly frame: number;
  private readonly handler: string;
  private readonly locals: LocalSorts;

  constructor(
    private readonly machine: Machine,
    private readonly process: string,
    { name, locals }: Handler,
    private readonly wanted: ReadonlyMap<string, string>,
    private readonly limit: number,
  ) {
    this.handler = slug(name);
    this.locals = locals;
    this.frame = machine.processes.find((one) => one.name === process)!.frame;
  }

  key(state: readonly unknown[]): string {
    return JSON.stringify(state.map((value, i) => keyOf(this.machine.variables[i].sort, value)));
  }

  /** All that can follow. `seen` are the states of this path. */
  from(state: readonly unknown[], steps: readonly Step[], seen: ReadonlySet<string>, args: Attempt['args']): void {
    this.start ??= state;
    if (this.cut) return;
    const { offers, faults } = execute(this.machine, state);
    const inside = (state[this.frame] as Frame).pc !== IDLE;
    const begins = (action: string): boolean => inside || action.startsWith(`${this.handler}/`);
    for (const { process, action, fault } of faults) {
      if (process === this.process && begins(action))
        this.end('is an error of the model', fault.message, args, [...steps, { process, action, label: '' }], state);
    }
    const own = offers.filter(({ process, action }) => process === this.process && begins(action));
    const hardware = new Set(this.machine.processes.flatMap(({ name, frame }) => (frame < 0 ? [name] : [])));
    const moves = own.length > 0 ? own : offers.filter(({ process }) => hardware.has(process));
    let stuck = true;
    for (const { process, action, outcome, state: after } of moves) {
      const step = { process, action, label: outcome.label };
      const frame = after[this.frame] as Frame;
      if (process === this.process && frame.pc === IDLE) {
        stuck = false;
        const all = [...steps, step];
        // The error code stands on the step that decides; cleanups may follow.
        const errno = all.findLast(({ process: who, label }) => who === this.process && label.startsWith('-'));
        this.end('returns', errno?.label ?? outcome.label, args, all, after);
        continue;
      }
      if (!this.allowed(frame)) {
        stuck = false;
        continue;
      }
      const key = this.key(after);
      if (seen.has(key)) continue;
      stuck = false;
      this.from(after, [...steps, step], new Set([...seen, key]), this.argumentsOf(frame, args));
    }
    if (stuck && faults.length === 0)
      this.end(
        own.length > 0 ? 'goes round for ever' : 'waits for ever',
        (state[this.frame] as Frame).pc,
        args,
        steps,
        state,
      );
  }

  private allowed(frame: Frame): boolean {
    return [...this.wanted].every(([local, key]) => {
      const value = frame.locals.get(`${this.handler}.${local}`);
      return value === undefined || keyOf(this.locals[local], value) === key;
    });
  }

  private argumentsOf(frame: Frame, before: Attempt['args']): Attempt['args'] {
    const own = Object.entries(this.locals).flatMap(([name, sort]) => {
      const value = frame.locals.get(`${this.handler}.${name}`);
      return value === undefined ? [] : [[name, sort.print(value)] as const];
    });
    return { ...before, ...Object.fromEntries(own) };
  }

  private end(
    end: Attempt['end'],
    result: string,
    args: Attempt['args'],
    steps: readonly Step[],
    state: readonly unknown[],
  ): void {
    if (this.attempts.length >= this.limit) {
      this.cut = true;
      return;
    }
    const changes = this.machine.variables.flatMap(({ name, kind, sort }, i) =>
      kind === 'frame'
        ? []
        : sort.diff(this.start![i], state[i]).map(({ path, before, after }) => ({ place: name + path, before, after })),
    );
    this.attempts.push({ end, result, args, steps, changes });
  }
}

/** The first initial state with these values in it. */
function changed({ variables, initialStates }: Machine, values: TryOptions['state']): unknown[] {
  const state = [...initialStates[0]];
  for (const [name, text] of Object.entries(values)) {
    const i = variables.findIndex((variable) => variable.name === name && variable.kind !== 'frame');
    const known = variables.flatMap((variable) => (variable.kind === 'frame' ? [] : [variable.name]));
    if (i < 0) throw new InputError(`there is no variable "${name}"${hint(name, known)}`);
    state[i] = parsed(name, variables[i].sort, text, state[i]);
  }
  return state;
}

/** The locals that are fixed: the keys of their values. */
function wantedLocals({ name: handler, locals }: Handler, values: TryOptions['args']): Map<string, string> {
  return new Map(
    Object.entries(values).map(([name, text]) => {
      if (!Object.hasOwn(locals, name))
        throw new InputError(`${slug(handler)} has no local "${name}"${hint(name, Object.keys(locals))}`);
      return [name, keyOf(locals[name], parsed(name, locals[name], text))];
    }),
  );
}

function parsed(name: string, sort: Sort<unknown>, text: string, example?: unknown): unknown {
  try {
    return parseValue(sort, text);
  } catch (error) {
    if (!(error instanceof SortError)) throw error;
    const like = example === undefined ? '' : ` (it is ${sort.print(example)} at first)`;
    throw new InputError(`${name}=${text} can't be read: ${error.message}${like}`);
  }
}

function hint(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near.length > 0 ? `; did you mean ${near.join(' or ')}?` : `; there are ${known.join(', ') || 'none'}`;
}

function attemptLines({ end, result, args, steps, changes }: Attempt, n: number): Line[] {
  const good = end === 'returns' && !result.startsWith('-');
  const actor = widest(
    steps.map(({ process }) => process),
    16,
  );
  const place = widest(
    changes.map((change) => change.place),
    40,
  );
  const words =
    end === 'returns' ? [end, result] : end === 'is an error of the model' ? [end + ':', result] : [end, 'at', result];
  return [
    [
      styled('bold', `${n}. `),
      styled(good ? 'good' : 'warn', words.join(' ').trim()),
      styled('dim', `  ${pairs(args)}`),
    ],
    ...steps.map(({ process, action, label }): Line => [
      '     ',
      styled('accent', pad(process, actor)),
      `  ${action}`,
      styled('dim', label === '' ? '' : `  ${label}`),
    ]),
    ...(changes.length === 0 ? [['     ', styled('dim', 'changes nothing')]] : []),
    ...changes.map((change): Line => [
      '       ',
      pad(change.place, place),
      '  ',
      styled('dim', change.before),
      ' → ',
      styled('bold', change.after),
    ]),
  ];
}
