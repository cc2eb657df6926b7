/** `check --baseline FILE`: compares each model with what the file says, or writes the file. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Machine } from '../language/index.js';
import type { SearchResult } from '../explorer/index.js';
import {
  BaselineError,
  compareModel,
  differenceLines,
  entryOf,
  formatBaseline,
  plural,
  readBaseline,
  type Baseline,
  type BaselineEntry,
  type Difference,
} from '../report/index.js';
import { Exit, InputError, combine, type ExitCode } from './exit.js';
import { fileInsteadOf, writeWhole } from './files.js';
import { builtinModels } from './models.js';
import type { CheckOptions } from './options.js';
import type { Compared } from './reporters/reporter.js';
import { complain, warn, type Terminal } from './terminal.js';

/** Bytes of a file. */
const LARGEST = 16 * 2 ** 20;

type Given = Pick<CheckOptions, 'baseline' | 'updateBaseline' | 'scope' | 'edits' | 'deny' | 'property'>;

/** One run of `check` against a baseline. */
export class BaselineRun {
  private readonly found = new Map<string, BaselineEntry>();
  private readonly changes: Difference[] = [];
  /** Not searched in full, or in error. */
  private readonly skipped: string[] = [];

  private constructor(
    /** As the user named it. */
    private readonly file: string,
    private readonly update: boolean,
    /** All models were to be checked, not named ones. */
    private readonly all: boolean,
    private readonly known: Baseline,
    private readonly models: readonly string[],
    private readonly terminal: Terminal,
  ) {}

  /**
   * Reads the file before anything is searched. Nothing, where the user asked for no baseline.
   * @param names the models that the user named
   * @throws InputError for a file that can't be used, and for options under which nothing could be compared
   */
  static open(
    names: readonly string[],
    tasks: readonly { readonly machine: Machine }[],
    given: Given,
    terminal: Terminal,
  ): BaselineRun | undefined {
    const { baseline: file, updateBaseline: update, scope } = given;
    if (file === undefined) {
      if (update) throw new InputError('--update-baseline needs the file to write: --baseline FILE');
      return undefined;
    }
    refuseChanges(given);
    const models = tasks.map(({ machine }) => machine.model);
    const twice = models.find((model, i) => models.indexOf(model) !== i);
    if (twice !== undefined)
      throw new InputError(
        `two models are called "${twice}", and a baseline can't tell them apart: check one at a time`,
      );
    const known = readFile(file, update, terminal.cwd);
    if (Object.keys(scope).length > 0 && !update) for (const { machine } of tasks) sameScope(file, known, machine);
    return new BaselineRun(file, update, names.length === 0, known, models, terminal);
  }

  /** What a model's result changes. Nothing, where it can't be compared, or where the file is to be written. */
  model(result: SearchResult): Difference[] | undefined {
    const { model } = result.machine;
    const entry = entryOf(result);
    if (!entry) {
      this.skipped.push(model);
      return undefined;
    }
    this.found.set(model, entry);
    const differences = compareModel(model, this.known.get(model), entry);
    if (!this.update) return differences;
    this.changes.push(...differences);
    return undefined;
  }

  /** Writes the file, or says what was not compared. Call it when all models are done. */
  end(): { readonly baseline?: Compared; readonly differences: readonly Difference[]; readonly code: ExitCode } {
    const codes: ExitCode[] = [];
    if (this.skipped.length > 0) {
      const kept = this.update ? 'not written to' : 'not compared with';
      warn(this.terminal, [[`${kept} ${this.file}, because the search was not complete: ${this.skipped.join(', ')}`]]);
      codes.push(Exit.undecided);
    }
    const others = [...this.known.keys()].filter((model) => !this.models.includes(model)).sort();
    const builtin = new Set(this.all && others.length > 0 ? builtinModels().map(({ model }) => model.name) : []);
    const gone = this.all ? others.filter((model) => !builtin.has(model)) : [];
    const lost = gone.flatMap((model) => compareModel(model, this.known.get(model), undefined));
    if (this.update) {
      codes.push(this.write(gone, lost));
      return { differences: [], code: combine(codes) };
    }
    const left = others.filter((model) => !gone.includes(model));
    if (left.length > 0)
      warn(this.terminal, [[`not compared, because not checked: ${plural(left.length, 'model')} of ${this.file}`]]);
    if (lost.length > 0) codes.push(Exit.notAsExpected);
    const baseline = { file: this.file, compared: this.found.size, of: this.models.length };
    return { baseline, differences: lost, code: combine(codes) };
  }

  private write(gone: readonly string[], lost: readonly Difference[]): ExitCode {
    const merged = new Map([...this.known, ...this.found]);
    for (const model of gone) merged.delete(model);
    const changes = [...this.changes, ...lost];
    try {
      writeWhole(path.resolve(this.terminal.cwd, this.file), formatBaseline(merged));
    } catch (error) {
      complain(this.terminal, `the baseline ${this.file} can't be written: ${(error as Error).message}`);
      return Exit.error;
    }
    const words = `${this.file} is written: ${plural(merged.size, 'model')}, ${plural(changes.length, 'change')}`;
    warn(this.terminal, [[words], ...(changes.length > 0 ? differenceLines(changes) : [])]);
    return Exit.asExpected;
  }
}

/** A baseline is of the models as they are, and of all of their properties. */
function refuseChanges({ edits, deny, property }: Given): void {
  const given = [
    ...(edits.length > 0 ? ['--without and --edit'] : []),
    ...(deny.length > 0 ? ['--deny'] : []),
    ...(property.length > 0 ? ['--property'] : []),
  ];
  if (given.length > 0)
    throw new InputError(`a baseline is of whole models as they are: leave out ${given.join(', ')}, or --baseline`);
}

function sameScope(file: string, known: Baseline, machine: Machine): void {
  const before = known.get(machine.model);
  if (!before) return;
  const now = { ...before, scope: { ...machine.scope } };
  const [difference] = compareModel(machine.model, before, now);
  if (!difference) return;
  throw new InputError(
    `${file} has ${machine.model} in another scope, and only equal scopes can be compared:\n${difference.baseline} (there)\n${difference.now} (asked for)\nleave out --scope, or keep a baseline of this scope in a file of its own`,
  );
}

function readFile(file: string, update: boolean, cwd: string): Baseline {
  const whole = path.resolve(cwd, file);
  const blocked = fileInsteadOf(path.dirname(whole));
  if (blocked !== undefined) throw new InputError(`baseline ${file} can't be: ${blocked} is a file`);
  let text: string;
  try {
    const { size } = statSync(whole);
    if (size > LARGEST) throw new BaselineError(`it is larger than ${LARGEST} bytes`);
    text = readFileSync(whole, 'utf8');
    return readBaseline(text);
  } catch (error) {
    if (error instanceof BaselineError)
      throw new InputError(
        `baseline ${file} is refused: ${error.message}\nrestore it, or delete it and write it anew with --update-baseline`,
      );
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new InputError(`baseline ${file} can't be read: ${(error as Error).message}`);
    if (update) return new Map();
    throw new InputError(`there is no baseline ${file}; --update-baseline writes it`);
  }
}
