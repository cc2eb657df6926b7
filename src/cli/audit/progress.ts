/** Progress of an audit on stderr. */
import { count } from '../../report/index.js';
import { StatusLine, clock } from '../status-line.js';
import type { Terminal } from '../terminal.js';
import type { AuditPool } from './pool.js';

/** A bar with what is done, and when the rest may be. */
export class AuditProgress {
  private readonly line: StatusLine;
  private readonly started = performance.now();
  private readonly timer: NodeJS.Timeout;
  private finished = 0;
  private broken = 0;

  constructor(
    private readonly model: string,
    private readonly all: number,
    private readonly pool: AuditPool,
    terminal: Terminal,
  ) {
    this.line = new StatusLine(terminal);
    this.timer = setInterval(() => this.line.show(() => this.words()), 100);
  }

  done(broken: boolean): void {
    this.finished++;
    if (broken) this.broken++;
  }

  end(): void {
    clearInterval(this.timer);
    this.line.clear();
  }

  private words(): string {
    const { model, all, finished, broken, pool } = this;
    const filled = all === 0 ? 20 : Math.round((20 * finished) / all);
    const seconds = (performance.now() - this.started) / 1000;
    // One edit takes a moment, another a minute: after the first few this is a guess, and later a good one.
    const eta = finished < 2 ? '' : `  about ${clock(((all - finished) * seconds) / finished)} to go`;
    return `${model}  [${'#'.repeat(filled)}${'.'.repeat(20 - filled)}] ${finished}/${all} edits  ${broken} load-bearing  ${count(pool.states())} states in work${eta}`;
  }
}
