/** The page of `explore`: a walk by hand. The address names it, so that it can be reloaded, kept and given on. */
import { Fragment, type JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Moves, PageData, PageFailure, PageWalk, SaveRequest, Saved } from '../report/page-data.js';
import { Diagram } from './diagram.js';
import { Help } from './help.js';
import { NextMoves } from './next-moves.js';
import { Properties } from './properties.js';
import { StateView } from './state-view.js';
import { StepView } from './step-view.js';
import { Toolbar } from './toolbar.js';
import { stepWords } from './values.js';
import { useView } from './view.js';

type Props = Extract<PageData, { kind: 'walk' }>;

/** Asks the server for a walk, and shows it. */
export function WalkPage({ title, token, starts }: Props): JSX.Element {
  const [shown, setShown] = useState<{ moves: Moves; walk: PageWalk } | null>(null);
  const [failure, setFailure] = useState('');
  const ask = useCallback(
    async <T,>(path: string, request: Moves | SaveRequest): Promise<T | null> => {
      try {
        const answer = await fetch(path, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'X-Ringfence-Token': token },
          body: JSON.stringify(request),
        });
        const said = (await answer.json()) as T | PageFailure;
        if (answer.ok) {
          setFailure('');
          return said as T;
        }
        setFailure((said as PageFailure).error);
      } catch {
        setFailure(
          '“ringfence explore” does not answer: has it been ended? Start it again and reload its new address.',
        );
      }
      return null;
    },
    [token],
  );
  const go = useCallback(
    async (moves: Moves): Promise<void> => {
      const walk = await ask<PageWalk>('/walk', moves);
      if (!walk) return;
      setShown({ moves, walk });
      history.replaceState(null, '', `#${moves.start}:${moves.moves.join('.')}`);
    },
    [ask],
  );
  useEffect(() => void go(movesOf(location.hash)), [go]);
  return (
    <>
      <header class="verdict">
        <p class="subject">
          A walk by hand through <b>{title}</b>
        </p>
        {starts > 1 && (
          <label>
            from initial state{' '}
            <select
              value={shown?.moves.start}
              onChange={(event) => void go({ start: Number(event.currentTarget.value), moves: [] })}
            >
              {Array.from({ length: starts }, (_, i) => (
                <option key={i} value={i}>
                  {i + 1}
                </option>
              ))}
            </select>
          </label>
        )}
        {failure !== '' && (
          <p class="warning" role="alert">
            {failure}
          </p>
        )}
      </header>
      {shown && <Walk {...shown} go={go} save={(request) => ask<Saved>('/save', request)} />}
    </>
  );
}

/** `#start:move.move`, or the beginning. */
function movesOf(hash: string): Moves {
  const match = /^#(\d{1,6}):((?:\d{1,6}\.)*\d{1,6})?$/.exec(hash);
  if (!match) return { start: 0, moves: [] };
  return { start: Number(match[1]), moves: match[2] ? match[2].split('.').map(Number) : [] };
}

interface WalkProps {
  readonly moves: Moves;
  readonly walk: PageWalk;
  readonly go: (moves: Moves) => Promise<void>;
  readonly save: (request: SaveRequest) => Promise<Saved | null>;
}

function Walk({ moves, walk, go, save }: WalkProps): JSX.Element {
  const { trace } = walk;
  const last = trace.steps.length;
  const view = useView(trace, last);
  const [saved, setSaved] = useState('');
  const { select } = view;
  useEffect(() => {
    select(last);
    setSaved('');
  }, [trace, last, select]);
  const until = (n: number): void => void go({ ...moves, moves: moves.moves.slice(0, n) });
  const keep = async (property: string | null): Promise<void> => {
    const done = await save({ ...moves, property });
    if (done) setSaved(done.file);
  };
  const breakable = [
    ...walk.properties.flatMap(({ standing, id }) => (standing === 'broken' || standing === 'reached' ? [id] : [])),
    ...walk.faults.map(({ id }) => id),
  ];
  return (
    <>
      <Toolbar trace={trace} view={view} />
      <Properties properties={walk.properties} faults={walk.faults} select={select} />
      <main>
        <div class="left">
          <Diagram trace={trace} view={view} />
        </div>
        <aside class="right">
          <section class="walk-tools" aria-label="The walk">
            <button type="button" disabled={last === 0} onClick={() => until(last - 1)}>
              Take back the last step
            </button>{' '}
            <button type="button" onClick={() => void keep(null)}>
              Save the walk
            </button>
            {breakable.map((id) => (
              <Fragment key={id}>
                {' '}
                <button type="button" onClick={() => void keep(id)}>
                  Save as a counterexample to {id}
                </button>
              </Fragment>
            ))}
            {saved !== '' && (
              <p role="status">
                Saved: <code>npx ringfence show {saved}</code>
              </p>
            )}
          </section>
          {view.at === last ? (
            <NextMoves walk={walk} take={(number) => void go({ ...moves, moves: [...moves.moves, number] })} />
          ) : (
            <p>
              This is how it was after step {view.at} of {last}.{' '}
              <button type="button" onClick={() => until(view.at)}>
                Drop the later steps and go on from here
              </button>
            </p>
          )}
          <StepView trace={trace} view={view} />
          <StateView trace={trace} view={view} />
        </aside>
      </main>
      <p class="visually-hidden" role="status" aria-live="polite">
        {stepWords(trace, view.at)}
      </p>
      {view.help && <Help close={() => view.setHelp(false)} />}
    </>
  );
}
