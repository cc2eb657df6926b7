/** What the commands of the command line have in common. */
import { Option, type Command } from 'commander';
import type { ExitCode } from '../exit.js';
import { collect, defaultWorkers, memoryOption, scopeOption, timeOption, workersOption } from '../options.js';
import type { Terminal } from '../terminal.js';

/** Where a command prints, and what becomes of its exit code. */
export interface Context {
  readonly terminal: Terminal;
  finish(code: ExitCode): void;
}

/** Adds a command. What it runs is loaded when it runs: nobody waits for what he does not use. */
export type AddCommand = (program: Command, context: Context) => void;

/** An option that may be given several times: `parse` adds to what was given before, which is `none` at first. */
export function repeatable<T>(
  command: Command,
  flags: string,
  text: string,
  parse: (text: string, before: T) => T,
  none: T,
): Command {
  const option = new Option(flags, `${text}; repeatable`).argParser(parse);
  return command.addOption(option).setOptionValue(option.attributeName(), none);
}

export const scope = (command: Command): Command =>
  repeatable(command, '--scope <k=v,...>', 'parameters of the scope', scopeOption, {});

export const property = (command: Command): Command =>
  repeatable(command, '--property <id>', 'look only at this property', collect, []);

export const deny = (command: Command): Command =>
  repeatable(
    command,
    '--deny <id>',
    'do without this assumption, where list says that it can be denied',
    collect,
    [] as string[],
  );

/** Which machine of a model is meant: `scope`, `edits` (in the order of the command line) and `deny`. */
export function machine(command: Command): Command {
  const edits: string[] = [];
  const edit = (text: string): string => (edits.push(text), text);
  scope(command)
    .option('--without <id>', 'drop a step, let everything pass a guard, or leave out a lock; repeatable', (id) =>
      edit(`without ${id}`),
    )
    .option('--edit <edit>', 'another edit of the program, as list explains them; repeatable', edit)
    .setOptionValue('edits', edits);
  return deny(command);
}

export const workers = (command: Command, text = 'threads to search on'): Command =>
  command.addOption(new Option('--workers <n>', text).argParser(workersOption).default(defaultWorkers()));

/** Limits of each search. */
export const limits = (command: Command): Command =>
  command
    .option('--max-memory <size>', 'stop a search at so much memory of the whole process, such as 4G', memoryOption)
    .option('--timeout <time>', 'stop each search after so long, such as 60s or 10m', timeOption);

export const json = (command: Command, text = 'one JSON object on stdout, and nothing else there'): Command =>
  command.option('--json', text, false);

export const out = (command: Command, text = 'folder for trace files'): Command =>
  command.option('--out <dir>', text, 'results/runs');
