/** `ringfence graph`: the state graph of a small scope, or the program of a handler, as DOT or SVG. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { applyEdits, build, describe, nearest, readEdits, slug, type Machine } from '../language/index.js';
import { GraphTooLarge, dotOf, programGraph, stateGraph, type Graph } from '../report/index.js';
import { Exit, InputError, type ExitCode } from './exit.js';
import { findModels, type Found } from './models.js';
import { warn, type Terminal } from './terminal.js';

/** Options of `graph`. */
export interface GraphOptions {
  readonly scope: Readonly<Record<string, string>>;
  /** Edits in the order of the command line. */
  readonly edits: readonly string[];
  readonly deny: readonly string[];
  /** Draw the program of this handler, or of this hardware, instead. */
  readonly handler?: string;
  /** Variables, families or processes: states that agree in them are one node. */
  readonly by: readonly string[];
  readonly format: 'dot' | 'svg';
  readonly maxStates: number;
  readonly maxNodes: number;
  readonly out?: string;
}

/** SVG of a graph that Graphviz takes longer for, in ms, is given up. */
const PATIENCE = 60_000;

/** Draws a graph. @throws InputError, ModelError */
export async function graph(model: string, options: GraphOptions, terminal: Terminal): Promise<ExitCode> {
  const [found, ...others] = await findModels([model], terminal.cwd);
  if (others.length > 0) throw new InputError(`${model} has several models: name one that is built in`);
  const { handler, by, format, out } = options;
  if (handler !== undefined && by.length > 0) throw new InputError('--by is for state graphs: leave out --handler');
  const dot = dotOf(handler === undefined ? states(found, options) : program(found, handler, options));
  const text = format === 'dot' ? dot : svgOf(dot, terminal);
  if (out === undefined) terminal.stdout.write(text);
  else {
    try {
      writeFileSync(path.resolve(terminal.cwd, out), text);
    } catch (error) {
      throw new InputError(`${out} can't be written: ${(error as Error).message}`);
    }
    warn(terminal, [[`written: ${out}`]]);
  }
  return Exit.asExpected;
}

function states({ model }: Found, { scope, edits, deny, by, maxStates, maxNodes }: GraphOptions): Graph {
  const machine = build(model, { scope, edits, denied: deny });
  try {
    return stateGraph(machine, { by: by.flatMap((name) => variablesOf(machine, name)), maxStates, maxNodes });
  } catch (error) {
    if (!(error instanceof GraphTooLarge)) throw error;
    const [what, option, limit] =
      error.limit === 'maxStates'
        ? (['states', '--max-states', maxStates] as const)
        : (['nodes', '--max-nodes', maxNodes] as const);
    throw new InputError(
      `${model.name} has more than ${limit} ${what} in this scope, and nobody can read that: choose a smaller --scope, merge states with --by VAR,..., or raise ${option}`,
    );
  }
}

/** The numbers of a variable, or of all members of a family. */
function variablesOf({ variables }: Machine, name: string): number[] {
  const hits = variables.flatMap((one, i) => (one.name === name || one.name.startsWith(`${name}[`) ? [i] : []));
  if (hits.length > 0) return hits;
  const known = [...new Set(variables.flatMap((one) => [one.name, one.name.replace(/\[.*$/, '')]))];
  const near = nearest(name, known);
  throw new InputError(
    `there is no variable "${name}"; ${near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are ${known.join(', ')}`}`,
  );
}

function program({ model }: Found, wanted: string, { scope, edits, deny }: GraphOptions): Graph {
  const described = describe(model, { scope, denied: deny });
  applyEdits(readEdits(edits, described.editable), described.editable);
  const { builder, editable } = described;
  const names = builder.processes.flatMap((one) =>
    one.kind === 'handlers' ? one.handlers.map(({ name }) => slug(name)) : [slug(one.name)],
  );
  const hardware = new Set(builder.processes.flatMap((one) => (one.kind === 'rules' ? [slug(one.name)] : [])));
  const at = names.indexOf(slug(wanted));
  if (at >= 0 && !hardware.has(names[at])) return programGraph(names[at], editable.programs[at]);
  const handlers = [...new Set(names)].filter((name) => !hardware.has(name));
  const near = nearest(wanted, handlers);
  throw new InputError(
    at >= 0
      ? `${wanted} is hardware: its rules stand side by side, and have no program to draw ("ringfence list ${model.name}" prints them)`
      : `${model.name} has no handler "${wanted}"; ${near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are ${handlers.join(', ')}`}`,
  );
}

/** SVG as Graphviz draws it. */
function svgOf(dot: string, { env }: Terminal): string {
  const { error, status, stdout, stderr } = spawnSync('dot', ['-Tsvg'], {
    input: dot,
    encoding: 'utf8',
    env: { ...env },
    timeout: PATIENCE,
    maxBuffer: 256 * 2 ** 20,
  });
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOENT')
    throw new InputError(
      'for SVG, Graphviz must be installed (its command "dot"; on Debian: apt-get install graphviz); --format dot needs nothing',
    );
  if (code === 'ETIMEDOUT')
    throw new InputError(`Graphviz took longer than ${PATIENCE / 1000} s: draw a smaller graph, or use --format dot`);
  if (error || status !== 0)
    throw new InputError(`Graphviz can't draw it: ${error?.message ?? stderr.trim().split('\n')[0]}`);
  return stdout;
}
