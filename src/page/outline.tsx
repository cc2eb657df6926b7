/** The trace in few lines: which actor ran which handler, one after the other. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { PageTrace } from '../report/page-trace.js';
import { stretches, type Stretch } from './values.js';
import type { View } from './view.js';

/** A link to each stretch of steps of one actor. */
export function Outline({ trace, view }: { readonly trace: PageTrace; readonly view: View }): JSX.Element {
  const all = useMemo(() => stretches(trace), [trace]);
  return (
    <details class="outline" open={all.length <= 40}>
      <summary>In short: who did what, one after the other</summary>
      <ol>
        {all.map((stretch, n) => {
          const inside = view.at >= stretch.from && view.at <= stretch.to;
          return (
            <li key={stretch.from} class={inside ? 'current' : ''}>
              <button type="button" onClick={() => view.select(stretch.to)}>
                <b>{stretch.process}</b> {words(stretch, n === all.length - 1)}
                <span class="note"> {numbers(stretch, trace.skipped)}</span>
              </button>
            </li>
          );
        })}
      </ol>
    </details>
  );
}

function words({ what, continues, unfinished, result }: Stretch, last: boolean): string {
  const verb = continues ? 'goes on with' : unfinished ? 'begins' : 'does';
  const cut = last ? ', and is still at it at the end' : ', and others come in between';
  const end = unfinished ? cut : continues ? ', and ends it' : '';
  return `${verb} ${what}${end}${result === '' ? '' : `: ${result}`}`;
}

const numbers = ({ from, to }: Stretch, skipped: number): string =>
  from === to ? `step ${skipped + from}` : `steps ${skipped + from} to ${skipped + to}`;
