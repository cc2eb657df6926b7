/** What the bars and signs of the diagram are. */
import type { JSX } from 'preact';
import type { PageTrace } from '../report/page-trace.js';
import { lockLetter, type Drawing } from './lanes.js';

/** One line, with the letters of the locks. */
export function Legend({
  trace,
  drawing: { locks },
}: {
  readonly trace: PageTrace;
  readonly drawing: Drawing;
}): JSX.Element {
  return (
    <p class="legend">
      Wide bar: the actor is in a handler, from its first step to its return.
      {locks.length > 0 && ' Narrow bar: it holds a lock: '}
      {locks.map((lock) => (
        <span key={lock}>
          <b class="letter">{lockLetter(locks, lock)}</b> {trace.variables[lock].name}{' '}
        </span>
      ))}
      {trace.decisive.length > 0 && ' »: a step that decided it (key m: the next one).'}
    </p>
  );
}
