/** One line on stderr about long work: rewritten at a terminal, a plain line every half minute in a log. */
import { printable } from '../report/index.js';
import { type Output, type Terminal } from './terminal.js';

/** Quiet for so long, in ms: most work is over by then. */
const PATIENCE = 1000;
/** At most ten lines a second at a terminal. */
const REWRITE = 100;
const LOG = 30_000;

export class StatusLine {
  private readonly stream: Output;
  private readonly live: boolean;
  private readonly started: number;
  private last = -Infinity;
  private drawn = false;

  constructor(
    { stderr, env }: Pick<Terminal, 'stderr' | 'env'>,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.stream = stderr;
    this.live = stderr.isTTY === true && env.TERM !== 'dumb';
    this.started = now();
  }

  /** Shows what `words` say, unless it is too early or too soon after the last. */
  show(words: () => string): void {
    const now = this.now();
    if (now - this.started < (this.live ? PATIENCE : LOG) || now - this.last < (this.live ? REWRITE : LOG)) return;
    this.last = now;
    const text = printable(words());
    if (!this.live) {
      this.stream.write(`${text}\n`);
      return;
    }
    this.drawn = true;
    this.stream.write(`\r\x1b[2K${text.slice(0, (this.stream.columns || 100) - 1)}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.drawn) this.stream.write('\r\x1b[2K');
    this.drawn = false;
  }
}

/** `02:05`, or `1:02:05` from an hour on. */
export function clock(seconds: number): string {
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  return seconds < 3600
    ? `${two(seconds / 60)}:${two(seconds % 60)}`
    : `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
}
