/** `ringfence compare A B`: two models, or two edits of one, searched one after the other, and what differs. */
import { search, type SearchResult } from '../explorer/index.js';
import {
  compareSides,
  comparisonLines,
  plural,
  styled,
  type Comparison,
  type Line,
  type Side,
  type Verdict,
} from '../report/index.js';
import { describedOf, prepare, type Choice, type Task } from './check.js';
import { Exit, InputError, type ExitCode } from './exit.js';
import { interruptible } from './interrupt.js';
import { findModels, type Found } from './models.js';
import { commandLine, scopeOption, type CheckOptions } from './options.js';
import { ProgressLine } from './progress.js';
import { machineWords } from './reproduce.js';
import { say, type Terminal } from './terminal.js';

/** Options of `compare`: they hold for both sides. */
export type CompareOptions = Pick<
  CheckOptions,
  'scope' | 'property' | 'workers' | 'maxStates' | 'maxMemory' | 'timeout' | 'json'
>;

interface Searched extends Side {
  readonly task: Task;
  readonly choice: Choice;
}

/** Compares two sides: 0 if nothing differs, 1 if something does, 3 if a limit was reached, 2 if a model is at fault. @throws InputError, ModelError */
export async function compare(
  sides: readonly [string, string],
  options: CompareOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const [first, second] = sides.map(split);
  if (first.name === '') throw new InputError(`"${sides[0]}" names no model: write A as MODEL or MODEL?CHANGE;CHANGE`);
  const tasks = [];
  for (const { name, changes } of [first, { ...second, name: second.name === '' ? first.name : second.name }]) {
    const choice = choiceOf(changes, options);
    tasks.push({ task: prepare(await modelOf(name, terminal.cwd), choice), choice });
  }
  const { signal, release } = interruptible(terminal);
  const searched: Searched[] = [];
  try {
    for (const { task, choice } of tasks) searched.push(await searchSide(task, choice, options, signal, terminal));
  } finally {
    release();
  }
  const [a, b] = searched;
  const comparison = compareSides(a, b);
  if (options.json) printJson(comparison, a, b, terminal);
  else
    say(terminal, [
      ...sideLines('A', a),
      ...sideLines('B', b),
      [],
      ...comparisonLines(comparison),
      [],
      endLine(comparison, a, b),
    ]);
  const verdicts = [a, b].map(({ result }) => result);
  if (verdicts.some(({ verdict }) => verdict === 'error')) return Exit.error;
  if (
    comparison.properties.some(
      ({ a: own, b: other }) => isDecided(own) && isDecided(other) && own?.verdict !== other?.verdict,
    )
  )
    return Exit.notAsExpected;
  if (verdicts.some(isOpen)) return Exit.undecided;
  return comparison.same ? Exit.asExpected : Exit.notAsExpected;
}

/** `MODEL?CHANGE;CHANGE`: the model, and what is done to it. */
function split(side: string): { name: string; changes: string[] } {
  const at = side.indexOf('?');
  if (at < 0) return { name: side.trim(), changes: [] };
  const changes = side
    .slice(at + 1)
    .split(';')
    .map((change) => change.trim());
  return { name: side.slice(0, at).trim(), changes: changes.filter((change) => change !== '') };
}

/** `scope k=v`, `deny ID`; anything else is an edit. */
function choiceOf(changes: readonly string[], { scope, property }: CompareOptions): Choice {
  const after = (word: string): string[] =>
    changes.filter((change) => change.startsWith(`${word} `)).map((change) => change.slice(word.length + 1).trim());
  const own = after('scope').reduce<Record<string, string>>(parsedScope, {});
  return {
    scope: { ...scope, ...own },
    edits: changes.filter((change) => !/^(scope|deny) /.test(change)),
    deny: after('deny'),
    property,
  };
}

function parsedScope(before: Readonly<Record<string, string>>, text: string): Record<string, string> {
  try {
    return scopeOption(text, before);
  } catch (error) {
    throw new InputError(`"scope ${text}" can't be read: ${(error as Error).message}`);
  }
}

async function modelOf(name: string, cwd: string): Promise<Found> {
  const [found, ...others] = await findModels([name], cwd);
  if (others.length > 0)
    throw new InputError(`${name} has several models, and a side is one: put each into a file of its own`);
  return found;
}

async function searchSide(
  task: Task,
  choice: Choice,
  { workers, maxStates, maxMemory, timeout }: CompareOptions,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<Searched> {
  const { found, machine } = task;
  const { scope, denied } = machine;
  const properties = choice.property.length > 0 ? { properties: choice.property } : {};
  const source = { module: found.module, model: machine.model, scope, edits: choice.edits, denied, ...properties };
  const line = new ProgressLine(machine.model, terminal);
  try {
    const onProgress = line.show.bind(line);
    const result = await search(machine, { workers, source, maxStates, maxMemory, timeout, signal, onProgress });
    return { result, described: describedOf(task, true), task, choice };
  } finally {
    line.clear();
  }
}

const isDecided = (verdict: Verdict): boolean => verdict?.verdict === 'holds' || verdict?.verdict === 'violated';

const isOpen = ({ verdict, properties }: SearchResult): boolean =>
  verdict === 'incomplete' || properties.some((property) => property.verdict === 'undecided');

const wordsOf = ({ task, choice }: Searched): string =>
  commandLine(['npx', 'ringfence', 'check', ...machineWords(task.found, task.machine, choice)]);

function sideLines(name: string, side: Searched): Line[] {
  const { verdict, incomplete } = side.result;
  const style = verdict === 'holds' ? 'good' : verdict === 'incomplete' ? 'warn' : 'bad';
  return [
    [
      styled('bold', `${name}  `),
      wordsOf(side),
      '  ',
      styled(style, verdict),
      styled('warn', incomplete ? `  not complete: ${incomplete.detail}` : ''),
    ],
  ];
}

function endLine({ same, properties, programs }: Comparison, a: Searched, b: Searched): Line {
  if (isOpen(a.result) || isOpen(b.result))
    return [styled('warn', '? not everything was explored: what is not decided may differ too')];
  const changed = programs.length > 0 ? `; programs that differ: ${programs.length}` : '';
  if (same) return [styled('good', '= '), `nothing differs in verdicts, counts and traces${changed}`];
  const verdicts = properties.filter((one) => one.a?.verdict !== one.b?.verdict).length;
  return [styled('warn', '≠ '), `${verdicts} of ${plural(properties.length, 'verdict')} differ${changed}`];
}

function printJson(comparison: Comparison, a: Searched, b: Searched, { stdout }: Terminal): void {
  const side = ({ result: { machine, verdict, incomplete } }: Searched): object => {
    const { model, scope, edits, denied, digest } = machine;
    return { model, scope, edits, denied, verdict, ...(incomplete ? { incomplete } : {}), digest };
  };
  stdout.write(`${JSON.stringify({ a: side(a), b: side(b), ...comparison })}\n`);
}
