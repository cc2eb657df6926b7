/** Progress of one search on stderr. */
import type { Progress } from '../explorer/index.js';
import { bytes, count } from '../report/index.js';
import { StatusLine, clock } from './status-line.js';
import { type Terminal } from './terminal.js';

/** Shows the progress of one search. */
export class ProgressLine {
  private readonly line: StatusLine;
  private frontier = 0;
  private rate?: { states: number; seconds: number; perSecond: number };

  constructor(
    private readonly model: string,
    terminal: Pick<Terminal, 'stderr' | 'env'>,
    now?: () => number,
  ) {
    this.line = new StatusLine(terminal, now);
  }

  /** Shows it, unless it is too early or too soon after the last. */
  show(progress: Progress): void {
    this.tell(() => this.words(progress));
  }

  /** Shows these words, unless it is too early or too soon after the last. */
  tell(words: () => string): void {
    this.line.show(() => `${this.model}  ${words()}`);
  }

  /** Takes the line away. */
  clear(): void {
    this.line.clear();
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
