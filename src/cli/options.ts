/** Reading option values: each parser says what is wrong and what would be right. */
import { availableParallelism } from 'node:os';
import { InvalidArgumentError } from 'commander';

/** Options of `check` as the user gave them. */
export interface CheckOptions {
  readonly scope: Readonly<Record<string, string>>;
  readonly workers: number;
  /** Edits in the order of the command line; `without ID` among them. */
  readonly edits: readonly string[];
  readonly property: readonly string[];
  /** Ids of assumptions to do without. */
  readonly deny: readonly string[];
  readonly stopAtFirst: boolean;
  readonly selfCheck: boolean;
  readonly maxStates?: number;
  readonly maxDepth?: number;
  /** Bytes. */
  readonly maxMemory?: number;
  /** Seconds. */
  readonly timeout?: number;
  /** Also say what was never seen, and how often everything else. */
  readonly coverage: boolean;
  /** The same, with counts of transitions. */
  readonly coverageTransitions: boolean;
  /** The same, as a listing of the program. */
  readonly coverageListing: boolean;
  /** Also say why there are so many states. */
  readonly profile: boolean;
  readonly json: boolean;
  readonly reporter: readonly ReporterChoice[];
  /** The file to compare with. */
  readonly baseline?: string;
  /** Write that file instead. */
  readonly updateBaseline: boolean;
  readonly out: string;
}

const reporterNames = ['text', 'json', 'junit', 'github', 'sarif'] as const;

/** A format, and the file it goes to; without one, where the format goes by default. */
export interface ReporterChoice {
  readonly name: (typeof reporterNames)[number];
  readonly file?: string;
}

/** `NAME` or `NAME=FILE`, added to what earlier options said. */
export function reporterOption(text: string, before: readonly ReporterChoice[] = []): ReporterChoice[] {
  const [, given, file] = /^([^=]*)(?:=(.*))?$/s.exec(text) as RegExpExecArray;
  const name = reporterNames.find((known) => known === given);
  if (!name) throw new InvalidArgumentError(`"${given}" is no reporter; there are ${reporterNames.join(', ')}`);
  if (file === '')
    throw new InvalidArgumentError(`"${text}" names no file; write for instance --reporter ${name}=FILE`);
  return [...before, file === undefined ? { name } : { name, file }];
}

/** As many workers as cores, but no more than four: beyond that, memory and not cores is what is short. */
export const defaultWorkers = (): number => Math.min(availableParallelism(), 4);

/** `cpus=2,pages=3`, added to what earlier options said. */
export function scopeOption(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const added = text.split(',').map((part): [string, string] => {
    const match = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(part);
    if (!match)
      throw new InvalidArgumentError(`"${part}" is not NAME=VALUE; write for instance --scope cpus=2,pages=3`);
    return [match[1], match[2]];
  });
  return joined(before, added);
}

/** @throws InvalidArgumentError for a name that is given twice: which value was meant? */
function joined(
  before: Readonly<Record<string, string>>,
  added: readonly (readonly [string, string])[],
): Record<string, string> {
  const all = [...Object.entries(before), ...added];
  const twice = all.find(([name], i) => all.findIndex(([other]) => other === name) !== i);
  if (twice) throw new InvalidArgumentError(`"${twice[0]}" is given twice`);
  return Object.fromEntries(all);
}

/** `VAR=VALUE,...`: commas inside brackets belong to the name or the value. Added to what earlier options said. */
export function valuesOption(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const added = topLevel(text).map((part): [string, string] => {
    const match = /^\s*([^=]+?)\s*=\s*(.*?)\s*$/.exec(part);
    if (!match) throw new InvalidArgumentError(`"${part}" is not NAME=VALUE; write for instance "ref[page0]=1"`);
    return [match[1], match[2]];
  });
  return joined(before, added);
}

/** `A,B[0, 1]`: commas inside brackets belong to a name. Added to what earlier options said. */
export const namesOption = (text: string, before: readonly string[] = []): string[] => [
  ...before,
  ...topLevel(text).map((name) => name.trim()),
];

/** Splits at the commas that stand outside of all brackets. */
function topLevel(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if ('([{⟨<'.includes(character)) depth++;
    if (')]}⟩>'.includes(character)) depth--;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

/** A whole number of at least one, `1e6` and `1_000_000` included. */
export function countOption(text: string): number {
  const value = /^\d[\d_]*(e\d+)?$/i.test(text) ? Number(text.replaceAll('_', '')) : NaN;
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError(`"${text}" is not a whole number of at least 1`);
  return value;
}

/** A whole number from 0 on. */
export const naturalOption = (text: string): number => (/^0+$/.test(text) ? 0 : countOption(text));

/** A number of workers: 1 to 64. */
export function workersOption(text: string): number {
  const value = countOption(text);
  if (value > 64) throw new InvalidArgumentError('more than 64 workers are not possible');
  return value;
}

/** A port: 1 to 65535. */
export function portOption(text: string): number {
  const value = countOption(text);
  if (value > 65535) throw new InvalidArgumentError(`"${text}" is no port: write a number from 1 to 65535`);
  return value;
}

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `4G`, `512M`, or bytes. */
export function memoryOption(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  const value = match ? Math.floor(Number(match[1]) * units[match[2].toLowerCase()]) : NaN;
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError(`"${text}" is not an amount of memory: write for instance 4G or 512M`);
  return value;
}

const times: Readonly<Record<string, number>> = { ms: 0.001, '': 1, s: 1, m: 60, min: 60, h: 3600 };

/** `60s`, `5m`, `2h`, or seconds. */
export function timeOption(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|)$/i.exec(text.trim());
  const value = match ? Number(match[1]) * times[match[2].toLowerCase()] : NaN;
  if (!Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError(`"${text}" is not a time: write for instance 60s, 5m or 2h`);
  return value;
}

/** Collects an option that may be given several times. */
export const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];

/** The command line that does the same again. */
export function commandLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}
