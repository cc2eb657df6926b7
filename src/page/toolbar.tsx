/** Stepping, folding and the look of the page. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PageTrace } from '../report/page-trace.js';
import type { View } from './view.js';

/** The bar of buttons. */
export function Toolbar({ trace, view }: { readonly trace: PageTrace; readonly view: View }): JSX.Element {
  const last = trace.steps.length;
  const { at, select } = view;
  const actors = [...new Set(trace.steps.map(({ process }) => process))];
  const button = (words: string, sign: string, to: number): JSX.Element => (
    <button
      type="button"
      aria-label={words}
      title={words}
      disabled={to < 0 || to > last || to === at}
      onClick={() => select(to)}
    >
      {sign}
    </button>
  );
  return (
    <div class="toolbar" role="toolbar" aria-label="Stepping">
      <span class="group">
        {button('First', '|◀', 0)}
        {button('Step before', '◀', at - 1)}
        <span class="where">
          {trace.skipped + at} / {trace.skipped + last}
        </span>
        {button('Next step', '▶', at + 1)}
        {button('Last', '▶|', last)}
        <input
          type="range"
          min={0}
          max={last}
          value={at}
          aria-label="Step"
          aria-valuetext={`step ${trace.skipped + at} of ${trace.skipped + last}`}
          onInput={(event) => select(Number(event.currentTarget.value))}
        />
      </span>
      {actors.length > 1 && (
        <fieldset class="group">
          <legend class="visually-hidden">Actors</legend>
          {actors.map((process) => (
            <label key={process}>
              <input type="checkbox" checked={!view.hidden.has(process)} onChange={() => view.toggleActor(process)} />{' '}
              {process}
            </label>
          ))}
        </fieldset>
      )}
      <span class="group">
        <label>
          <input
            type="checkbox"
            checked={view.details}
            onChange={(event) => view.setDetails(event.currentTarget.checked)}
          />{' '}
          changes in rows
        </label>
        <Theme />
        <button type="button" aria-label="Help" title="Help (?)" onClick={() => view.setHelp(true)}>
          ?
        </button>
      </span>
    </div>
  );
}

/** Dark or light. At first, what the reader's system asks for. */
function Theme(): JSX.Element {
  const [dark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);
  const turn = (): void => {
    document.documentElement.dataset.theme = dark ? 'light' : 'dark';
    setDark(!dark);
  };
  return (
    <button type="button" onClick={turn}>
      {dark ? '☀ light' : '☾ dark'}
    </button>
  );
}
