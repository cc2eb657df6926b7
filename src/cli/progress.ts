/** Progress on stderr: one line rewritten at a terminal, a plain line every half minute in a log. */
import type { Progress } from '../explorer/index.js';
import { bytes, count, printable } from '../report/index.js';
import { type Output, type Terminal } from './terminal.js';

/** Quiet for so long, in ms: most checks are over by then. */
const PATIENCE = 1000;
/** At most ten lines a second at a terminal. */
const REWRITE = 100;
const LOG = 30_000;

/** Shows the progress of one search. */
export class ProgressLine {
  private readonly stream: Output;
  private readonly live: boolean;
  private readonly started: number;
  private last = -Infinity;
  private drawn = false;
  private frontier = 0;
  private rate?: { states: number; seconds: number; perSecond: number };

  constructor(
    private readonly model: string,
    { stderr, env }: Pick<Terminal, 'stderr' | 'env'>,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.stream = stderr;
    this.live = stderr.isTTY === true && env.TERM !== 'dumb';
    this.started = now();
  }

  /** Shows it, unless it is too early or too soon after the last. */
  show(progress: Progress): void {
    this.tell(() => this.words(progress));
  }

  /** Shows these words, unless it is too early or too soon after the last. */
  tell(words: () => string): void {
    const now = this.now();
    if (now - this.started < (this.live ? PATIENCE : LOG) || now - this.last < (this.live ? REWRITE : LOG)) return;
    this.last = now;
    const text = printable(`${this.model}  ${words()}`);
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

  private words(progress: Progress): string {
    const { level, states, frontier, seconds, full, phase } = progress;
    const arrow = frontier >= this.frontier ? '↑' : '↓';
    this.frontier = frontier;
    const words = [
      `level ${count(level)}`,
      `${count(states)} states`,
      `frontier ${count(frontier)}${arrow}`,
      `${count(this.perSecond(states, seconds))}/s`,
      bytes(progress.bytes),
      `set ${(full * 100).toFixed(0)}% full`,
      clock(seconds),
    ];
    const phases = {
      search: '',
      wedges: 'looking for wedges',
      traces: 'finding the shortest traces',
      growing: 'growing',
      counting: 'counting what was seen',
    };
    return [...words, phases[phase]].filter((word) => word !== '').join('  ');
  }

  /** Over the last second or so, not since the start: what matters is how it goes now. */
  private perSecond(states: number, seconds: number): number {
    const before = this.rate;
    if (before && seconds - before.seconds < 1 && seconds >= before.seconds) return before.perSecond;
    const perSecond = before
      ? (states - before.states) / (seconds - before.seconds)
      : states / Math.max(seconds, 0.001);
    this.rate = { states, seconds, perSecond };
    return perSecond;
  }
}

/** `mm:ss`. */
export function clock(seconds: number): string {
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  return seconds < 3600
    ? `${two(seconds / 60)}:${two(seconds % 60)}`
    : `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
}
