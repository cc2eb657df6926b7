/** The command line: commands, options, help, and what becomes of errors. */
import { Command, CommanderError, Option } from 'commander';
import { ModelError } from '../language/index.js';
import { audit } from './audit/audit.js';
import { kindOption, type AuditOptions } from './audit/options.js';
import { check } from './check.js';
import { addCompare } from './compare-options.js';
import { Exit, InputError, type ExitCode } from './exit.js';
import { explore, type ExploreOptions } from './explore.js';
import { explain, type ExplainOptions } from './explain.js';
import { graph, type GraphOptions } from './graph.js';
import { EXIT_CODES, examples } from './help.js';
import { list, type ListOptions } from './list.js';
import {
  collect,
  countOption,
  defaultWorkers,
  memoryOption,
  namesOption,
  portOption,
  reporterOption,
  scopeOption,
  timeOption,
  valuesOption,
  workersOption,
  type CheckOptions,
  type ReporterChoice,
} from './options.js';
import { version } from './package.js';
import { replay } from './replay.js';
import { show, type ShowOptions } from './show.js';
import { addSimulate } from './simulate-options.js';
import { tryHandler, type TryOptions } from './try.js';
import { complain, ownTerminal, type Terminal } from './terminal.js';

/** Runs a command line. @returns the exit code */
export async function main(argv: readonly string[], terminal: Terminal = ownTerminal()): Promise<ExitCode> {
  // A reader that has seen enough (| head) is no error.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  let code: ExitCode = Exit.asExpected;
  const program = ringfence(terminal, (result) => (code = result));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.asExpected : Exit.error;
    if (error instanceof InputError || error instanceof ModelError) complain(terminal, error.message);
    else complain(terminal, error instanceof Error ? (error.stack ?? error.message) : String(error));
    return Exit.error;
  } finally {
    for (const stream of [process.stdout, process.stderr]) stream.off('error', ignoreClosedPipe);
  }
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function ringfence(terminal: Terminal, finish: (code: ExitCode) => void): Command {
  const program = new Command('ringfence')
    .description(
      'An explicit-state model checker for hypervisor, IOMMU and TEE designs: a proof, or the shortest attack.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
    })
    .showHelpAfterError('(--help tells more)')
    .addHelpText(
      'after',
      examples(
        'check',
        'check SC-01 --without unmap_pages/wait-for-CMD_SYNC',
        'list SC-01',
        'show results/runs/SC-01-I-7.trace',
      ) + EXIT_CODES,
    );
  addCheck(program, terminal, finish);
  program
    .command('list')
    .description('list the models, or the scope, programs, steps, guards and properties of one')
    .argument('[model]', 'a model, or the file of your own')
    .option('--scope <k=v,...>', 'list it in this scope; repeatable', scopeOption)
    .option('--locks', 'search the model, and print which locks are taken under which', false)
    .option('--json', 'with --locks: as one JSON object', false)
    .addHelpText(
      'after',
      examples('list', 'list SC-01', 'list SC-01 --locks', 'list bench-iommu --scope devices=1', 'list ./my-model.ts'),
    )
    .action(
      async (model: string | undefined, { scope = {}, ...rest }: Omit<ListOptions, 'scope'> & Partial<ListOptions>) =>
        finish(await list(model, { scope, ...rest }, terminal)),
    );
  program
    .command('show')
    .description('print a trace file; the model need not be there')
    .argument('<trace>', 'a trace file that check wrote')
    .option('--state <n>', 'the whole state after step n instead (0: the initial state)', (text) =>
      text === '0' ? 0 : countOption(text),
    )
    .option('--compact', 'the steps of a handler call on one line, with what they change together', false)
    .option('--verbose', 'also documents, guards that passed, and all variables after each step', false)
    .option('--width <n>', 'fit lines to so many characters; at a terminal they fit it anyway', countOption)
    .option('--json', 'the trace as one JSON object, with its story', false)
    .option('--html <file>', 'write it as one self-contained page that needs no network')
    .option('--open', 'with --html: open the page in the browser', false)
    .option('--model <file>', 'the file of a model of your own, to say whether it has changed')
    .addHelpText(
      'after',
      examples(
        'show results/runs/SC-01-I-7.trace',
        'show results/runs/SC-01-I-7.trace --state 4',
        'show results/runs/SC-01-I-7.trace --html attack.html --open',
      ),
    )
    .action(async (file: string, options: ShowOptions) => finish(await show(file, options, terminal)));
  program
    .command('replay')
    .description('run a trace against the model as it is now: exit 1 if it deviates or no longer ends in the violation')
    .argument('<trace>', 'a trace file that check wrote')
    .option('--model <file>', 'the file of a model of your own')
    .addHelpText(
      'after',
      examples('replay results/runs/SC-01-I-7.trace', 'replay results/runs/my-model-mutex.trace --model ./my-model.ts'),
    )
    .action(async (file: string, options: { model?: string }) => finish(await replay(file, options, terminal)));
  addTry(program, terminal, finish);
  addExplore(program, terminal, finish);
  addSimulate(program, terminal, finish);
  addCompare(program, terminal, finish);
  addAudit(program, terminal, finish);
  addExplain(program, terminal, finish);
  addGraph(program, terminal, finish);
  return program;
}

function addTry(program: Command, terminal: Terminal, finish: (code: ExitCode) => void): void {
  program
    .command('try')
    .description('run one handler alone, from the initial state or a changed one, and print all that can come of it')
    .argument('<handler>', 'a handler, as list prints the first part of its ids')
    .requiredOption('--model <model>', 'a model, or the file of your own')
    .option('--scope <k=v,...>', 'parameters of the scope; repeatable', scopeOption)
    .option(
      '--state <var=value,...>',
      'variables with other values at the start, as traces print them; repeatable',
      valuesOption,
    )
    .option('--args <local=value,...>', 'only with these values of the handler’s locals; repeatable', valuesOption)
    .option('--limit <n>', 'print at most so many results', countOption, 100)
    .option('--json', 'one JSON object on stdout', false)
    .addHelpText(
      'after',
      examples(
        'try map_pages --model SC-01 --args page=page0,iova=iova0',
        'try unmap_pages --model SC-01 --scope iovas=1 --state "table[domain0]=[iova0: V(page1)],ref[page1]=1"',
      ) + '\nThe hardware moves only while the handler waits; nobody else moves at all.\n',
    )
    .action(async (handler: string, { scope = {}, state = {}, args = {}, ...rest }: GivenToTry) =>
      finish(await tryHandler(handler, { ...rest, scope, state, args }, terminal)),
    );
}

function addExplore(program: Command, terminal: Terminal, finish: (code: ExitCode) => void): void {
  const edits: string[] = [];
  const edit = (text: string): string => (edits.push(text), text);
  program
    .command('explore')
    .description('walk through a model by hand, on a page that only this machine can open; Ctrl-C ends it')
    .argument('<model>', 'a model, or the file of your own')
    .option('--scope <k=v,...>', 'parameters of the scope; repeatable', scopeOption)
    .option('--without <id>', 'drop a step, let everything pass a guard, or leave out a lock; repeatable', (id) =>
      edit(`without ${id}`),
    )
    .option('--edit <edit>', 'another edit of the program, as list explains them; repeatable', edit)
    .option('--deny <id>', 'do without this assumption; repeatable', collect)
    .option('--port <n>', 'listen there; a free port by default', portOption, 0)
    .option('--no-open', 'print the address, and open no browser')
    .option('--out <dir>', 'folder for walks that are saved', 'results/runs')
    .addHelpText(
      'after',
      examples(
        'explore SC-01',
        'explore SC-01 --scope pages=1 --without unmap_pages/wait-for-CMD_SYNC',
        'explore ./my-model.ts --no-open --port 8080',
      ),
    )
    .action(async (model: string, { scope = {}, deny = [], ...rest }: GivenToExplore) =>
      finish(await explore(model, { ...rest, edits, scope, deny }, terminal)),
    );
}

type GivenToExplore = Omit<ExploreOptions, 'edits' | 'scope' | 'deny'> & Partial<ExploreOptions>;

function addExplain(program: Command, terminal: Terminal, finish: (code: ExitCode) => void): void {
  program
    .command('explain')
    .description('what an id means, where it is used, what takes it away, and how to see it fail')
    .argument('<id>', 'a property, window, defect, assumption, scenario, process, handler, step, guard, lock or loop')
    .option('--model <model>', 'only in this model, or in the file of your own')
    .option('--json', 'one JSON array on stdout', false)
    .addHelpText(
      'after',
      examples(
        'explain I-7',
        'explain W-22',
        'explain D-02',
        'explain host-owns-page',
        'explain unmap_pages/wait-for-CMD_SYNC --model SC-01',
      ),
    )
    .action(async (id: string, options: ExplainOptions) => finish(await explain(id, options, terminal)));
}

function addGraph(program: Command, terminal: Terminal, finish: (code: ExitCode) => void): void {
  const edits: string[] = [];
  const edit = (text: string): string => (edits.push(text), text);
  program
    .command('graph')
    .description('draw the state graph of a small scope, or the program of a handler')
    .argument('<model>', 'a model, or the file of your own')
    .option('--scope <k=v,...>', 'parameters of the scope; repeatable', scopeOption)
    .option('--handler <name>', 'draw the program of this handler instead')
    .option(
      '--by <var,...>',
      'one node for all states that agree in these variables, families or processes; repeatable',
      namesOption,
    )
    .option('--without <id>', 'as for check; repeatable', (id) => edit(`without ${id}`))
    .option('--edit <edit>', 'as for check; repeatable', edit)
    .option('--deny <id>', 'as for check; repeatable', collect)
    .addOption(new Option('--format <format>', 'svg needs Graphviz').choices(['dot', 'svg']).default('dot'))
    .option('--max-states <n>', 'explore no more states', countOption, 20_000)
    .option('--max-nodes <n>', 'draw no more nodes', countOption, 400)
    .option('--out <file>', 'write it there instead of to stdout')
    .addHelpText(
      'after',
      examples(
        'graph bench-iommu --scope cpus=1,devices=1,pages=1',
        'graph SC-01 --scope cpus=1,pages=1,iovas=1,sharing=false --by ownership,table --format svg --out sc-01.svg',
        'graph SC-01 --handler unmap_pages | dot -Tpdf > unmap_pages.pdf',
      ),
    )
    .action(async (model: string, { scope = {}, by = [], deny = [], ...rest }: GivenToGraph) =>
      finish(await graph(model, { ...rest, edits, scope, by, deny }, terminal)),
    );
}

type GivenToGraph = Omit<GraphOptions, 'scope' | 'by' | 'deny' | 'edits'> & Partial<GraphOptions>;

type GivenToTry = Pick<TryOptions, 'model' | 'limit' | 'json'> & Partial<TryOptions>;

type Given = Omit<CheckOptions, 'scope' | 'property' | 'deny' | 'reporter'> & {
  scope?: Record<string, string>;
  property?: string[];
  deny?: string[];
  reporter?: ReporterChoice[];
};

function addCheck(program: Command, terminal: Terminal, finish: (code: ExitCode) => void): void {
  // --without and --edit share one list, so that edits are applied in the order of the command line.
  const edits: string[] = [];
  const edit = (text: string): string => (edits.push(text), text);
  program
    .command('check')
    .description('explore every reachable state of models and judge their properties; without a name, all models')
    .argument('[models...]', 'names of models, or files of your own (.ts, .js)')
    .option('--scope <k=v,...>', 'parameters of the scope; repeatable', scopeOption)
    .addOption(new Option('--workers <n>', 'threads to search on').argParser(workersOption).default(defaultWorkers()))
    .option('--without <id>', 'drop a step, let everything pass a guard, or leave out a lock; repeatable', (id) =>
      edit(`without ${id}`),
    )
    .option('--edit <edit>', 'another edit of the program, as list explains them; repeatable', edit)
    .option('--deny <id>', 'do without this assumption, where list says that it can be denied; repeatable', collect)
    .option('--property <id>', 'check only this property; repeatable', collect)
    .option('--stop-at-first', 'end at the first level that breaks a property', false)
    .option('--self-check', 'compute 1% of what was learned again, and stop on a difference', false)
    .option('--max-states <n>', 'stop at so many states', countOption)
    .option('--max-depth <n>', 'stop after so many levels', countOption)
    .option('--max-memory <size>', 'stop at so much memory, such as 4G', memoryOption)
    .option('--timeout <time>', 'stop each model after so long, such as 60s or 10m', timeOption)
    .option('--coverage', 'also say what never happened, and how often everything else: steps, guards, codes', false)
    .option('--coverage-transitions', 'the same, counting transitions instead of distinct situations', false)
    .option('--coverage-listing', 'the same, as a listing of the program with counts in the margin', false)
    .option('--profile', 'also say why there are so many states, and what smaller scopes have', false)
    .option('--json', 'short for --reporter json: one JSON object a model on stdout, and nothing else there', false)
    .option(
      '--reporter <name[=file]>',
      'text, json, junit, github or sarif, to stdout (github: to stderr) or a file; repeatable',
      reporterOption,
    )
    .option('--baseline <file>', 'compare with what this file says of each model; a difference is an exit code of 1')
    .option('--update-baseline', 'write what was found to the file of --baseline instead', false)
    .option('--out <dir>', 'folder for trace files', 'results/runs')
    .addHelpText(
      'after',
      examples(
        'check',
        'check SC-01 --scope cpus=2,pages=3 --workers 2',
        'check SC-01 --without unmap_pages/wait-for-CMD_SYNC',
        'check SC-01 --edit "swap unmap_pages/tlbi unmap_pages/sync" --property I-7',
        'check SC-01 --deny IHI-0070-4.7',
        'check ./my-model.ts --timeout 60s --json',
        'check --reporter github --reporter sarif=ringfence.sarif --baseline results/baseline.json',
        'check SC-01 --baseline results/baseline.json --update-baseline',
      ) + EXIT_CODES,
    )
    .action(async (models: string[], { scope = {}, property = [], deny = [], reporter = [], ...rest }: Given) =>
      finish(await check(models, { ...rest, edits, scope, property, deny, reporter }, terminal)),
    );
}

type GivenToAudit = Omit<AuditOptions, 'scope' | 'property' | 'deny'> & Partial<AuditOptions>;

function addAudit(program: Command, terminal: Terminal, finish: (code: ExitCode) => void): void {
  program
    .command('audit')
    .description('try every edit of models, and print which of their steps, orders, guards and locks are needed')
    .argument('[models...]', 'names of models, or files of your own (.ts, .js)')
    .option('--kind <kinds>', 'pass (guards), drop (steps), swap, unlock, call (drop a whole call)', kindOption)
    .option('--only <pattern>', 'only edits whose text has this in it; * stands for anything')
    .option('--minimal', 'instead: take out guards one after another, and print those that must stay', false)
    .option('--scope <k=v,...>', 'parameters of the scope; repeatable', scopeOption)
    .option('--property <id>', 'ask only this property; repeatable', collect)
    .option('--deny <id>', 'do without this assumption; repeatable', collect)
    .addOption(new Option('--workers <n>', 'edits side by side').argParser(workersOption).default(defaultWorkers()))
    .option('--max-states <n>', 'stop each search at so many states', countOption, 2_000_000)
    .option('--max-memory <size>', 'stop searches at so much memory of the whole process, such as 4G', memoryOption)
    .option('--timeout <time>', 'stop each search after so long, such as 60s', timeOption)
    .option('--fresh', 'explore everything anew, whatever an earlier audit has left in --out', false)
    .option('--verbose', 'below each edit, the command that reproduces it, and its traces', false)
    .option('--json', 'one JSON object an edit and then a summary, on stdout, and nothing else there', false)
    .option('--out <dir>', 'folder for results and trace files', 'results/runs')
    .addHelpText(
      'after',
      examples(
        'audit SC-01',
        'audit SC-01 --kind pass,unlock --only unmap_pages',
        'audit SC-01 --minimal',
        'audit ./my-model.ts --scope cpus=2 --json',
      ) + AUDIT_NOTES,
    )
    .action(async (models: string[], { scope = {}, property = [], deny = [], ...rest }: GivenToAudit) =>
      finish(await audit(models, { ...rest, scope, property, deny }, terminal)),
    );
}

const AUDIT_NOTES = `
An interrupted audit goes on where it was when it is started again.

Exit codes:
  0  all edits are decided, whatever was found
  2  usage, input or model error, or a search broke down
  3  some edit is undecided: a limit was reached, or it was interrupted
`;
