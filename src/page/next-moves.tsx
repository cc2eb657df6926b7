/** What can happen next: each actor's steps with their outcomes. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { functionName } from '../report/counterexample.js';
import type { PageActor, PageMove, PageWalk } from '../report/page-data.js';
import type { PageTrace } from '../report/page-trace.js';
import { Change, Pairs } from './text.js';
import { actionParts, changedPlace } from './values.js';

interface Props {
  readonly walk: PageWalk;
  readonly take: (number: number) => void;
}

/** A filter is of use beyond so many. */
const MANY = 10;

/** The moves, by actor. */
export function NextMoves({ walk, take }: Props): JSX.Element {
  const [filter, setFilter] = useState('');
  const wanted = walk.next.filter(({ step }) =>
    `${step.process} ${step.action} ${step.label}`.toLowerCase().includes(filter.toLowerCase()),
  );
  return (
    <section class="next" aria-label="What can happen next">
      <h2>What can happen next</h2>
      {walk.next.length > MANY && (
        <input
          type="search"
          placeholder="filter steps"
          aria-label="Filter steps by name"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      )}
      {walk.next.length === 0 && <p class="note">Nothing: no step of anybody is enabled here.</p>}
      {walk.actors.map((actor) => (
        <Actor
          key={actor.process}
          actor={actor}
          moves={wanted.filter(({ step }) => step.process === actor.process)}
          trace={walk.trace}
          take={take}
        />
      ))}
    </section>
  );
}

interface ActorProps {
  readonly actor: PageActor;
  readonly moves: readonly PageMove[];
  readonly trace: PageTrace;
  readonly take: (number: number) => void;
}

function Actor({ actor: { process, hardware, place, holds }, moves, trace, take }: ActorProps): JSX.Element {
  return (
    <div class="mover">
      <h3>
        {hardware ? '◆' : '●'} {process}{' '}
        <span class="note">
          {place}
          {holds.length > 0 && `, holds ${holds.join(', ')}`}
        </span>
      </h3>
      {moves.length === 0 && <p class="note">no step is enabled{waiting(place)}</p>}
      {moves.map(({ number, step }) => (
        <button type="button" class="move" key={number} onClick={() => take(number)}>
          <span class="path">
            {actionParts(step.action)
              .slice(0, -1)
              .map((part) => `${part} › `)}
          </span>
          <strong>{actionParts(step.action).at(-1)}</strong> <Pairs of={step.args} />
          {step.fn !== '' && <code class="fn">{functionName(step.fn)}</code>}
          {step.doc !== '' && <span class="doc">{step.doc}</span>}
          {step.changes.map((change, i) => (
            <span class="changed" key={i}>
              {changedPlace(trace, change)} <Change before={change.before} after={change.after} />
            </span>
          ))}
          {step.guard && (
            <span class="tag guard">
              ⚠ check {step.guard.id} {step.guard.outcome}
            </span>
          )}
          {(step.label !== '' || step.next === 'idle') && (
            <span class="tag">
              {step.next === 'idle' ? '↩ returns ' : ''}
              {step.label}
            </span>
          )}
        </button>
      ))}
    </div>
  );
}

const waiting = (place: string): string => (place === '' || place === 'idle' ? '' : ': it waits');
