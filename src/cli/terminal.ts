/** Where a command writes, and with which colours. */
import pc from 'picocolors';
import { fit, textOf, type Line, type Style } from '../report/index.js';

/** A stream of text, as far as we need one. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** What a command sees of the world outside. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Characters of a line on stdout, where the user has said so; else a terminal's own, and no limit for a file. */
  readonly width?: number;
}

/** The process's own. */
export const ownTerminal = (): Terminal => ({
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
});

/** Colours only for a person at a terminal who has not said no (https://no-color.org); not because of `CI`. */
export const coloured = (stream: Output, env: Terminal['env']): boolean =>
  stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';

/** Lines as text for a stream: every piece escaped, then coloured. */
export function paint(lines: readonly Line[], stream: Output, env: Terminal['env']): string {
  const colours = pc.createColors(coloured(stream, env));
  const paints: Readonly<Record<Style, (text: string) => string>> = {
    bold: colours.bold,
    dim: colours.dim,
    good: (text) => colours.bold(colours.green(text)),
    bad: (text) => colours.bold(colours.red(text)),
    warn: colours.yellow,
    accent: colours.cyan,
    gone: colours.red,
    new: (text) => colours.bold(colours.green(text)),
  };
  return lines
    .map((line) =>
      line
        .map((piece) => (typeof piece === 'string' ? textOf(piece) : paints[piece.style](textOf(piece))))
        .join('')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** Prints lines for people on stdout, as wide as there is room. */
export function say({ stdout, env, width }: Terminal, lines: readonly Line[]): void {
  const room = width ?? (stdout.isTTY === true ? stdout.columns || Infinity : Infinity);
  stdout.write(paint(fit(lines, room), stdout, env));
}

/** Prints lines on stderr. */
export const warn = ({ stderr, env }: Terminal, lines: readonly Line[]): void =>
  void stderr.write(paint(lines, stderr, env));

/** Prints one error on stderr; its further lines are indented. */
export function complain(terminal: Terminal, message: string): void {
  const [first, ...more] = message.split('\n');
  warn(terminal, [[{ text: 'error:', style: 'bad' }, ` ${first}`], ...more.map((line): Line => [`  ${line}`])]);
}
