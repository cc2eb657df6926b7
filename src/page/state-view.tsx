/** The whole state after the step that is shown: what changed is marked, and every variable leads to its writes. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { count } from '../report/lines.js';
import type { PageTrace } from '../report/page-trace.js';
import { Change, Words } from './text.js';
import { nearestStep, valuesAfter, writesOf } from './values.js';
import type { View } from './view.js';

interface Props {
  readonly trace: PageTrace;
  readonly view: View;
}

/** Variables beyond these are shown only where the reader asks for them by name. */
const MOST = 500;

/** The state, with a filter by name. */
export function StateView({ trace, view }: Props): JSX.Element {
  const [filter, setFilter] = useState('');
  const [all, setAll] = useState(false);
  const { at } = view;
  const before = useMemo(() => valuesAfter(trace, Math.max(0, at - 1)), [trace, at]);
  const after = useMemo(() => valuesAfter(trace, at), [trace, at]);
  const moving = useMemo(
    () => new Set(trace.steps.flatMap(({ writes }) => writes.map((own) => own.variable))),
    [trace],
  );
  const wanted = trace.variables.flatMap(({ name }, i) =>
    name.toLowerCase().includes(filter.toLowerCase()) && (all || filter !== '' || moving.has(i)) ? [i] : [],
  );
  const shown = wanted.slice(0, MOST);
  const places = shown.filter((i) => trace.variables[i].kind === 'frame');
  const data = shown.filter((i) => trace.variables[i].kind !== 'frame');
  const row = (variable: number): JSX.Element => (
    <VariableRow
      key={variable}
      {...{ trace, view, variable }}
      before={before[variable]}
      after={after[variable]}
      moves={moving.has(variable)}
    />
  );
  return (
    <section class="state" aria-label="State">
      <h2>{at === 0 ? 'State before the first step' : 'State after this step'}</h2>
      <div class="tools">
        <input
          type="search"
          placeholder="filter variables"
          aria-label="Filter variables by name"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <label>
          <input type="checkbox" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} /> also those
          that never change
        </label>
      </div>
      <table>
        <caption class="visually-hidden">Variables; click one to mark its writes in the diagram</caption>
        <tbody>{data.map(row)}</tbody>
        {places.length > 0 && (
          <tbody class="places">
            <tr>
              <th colSpan={2} scope="rowgroup">
                where each actor stands
              </th>
            </tr>
            {places.map(row)}
          </tbody>
        )}
      </table>
      {wanted.length === 0 && <p class="note">No variable has this in its name.</p>}
      {wanted.length > MOST && (
        <p class="note">{count(wanted.length - MOST)} more are not shown: filter by name to see them.</p>
      )}
    </section>
  );
}

interface RowProps extends Props {
  readonly variable: number;
  readonly before: string;
  readonly after: string;
  readonly moves: boolean;
}

function VariableRow({ trace, view, variable, before, after, moves }: RowProps): JSX.Element {
  const { name, doc } = trace.variables[variable];
  const followed = view.followed === variable;
  const changed = before !== after;
  const classes = [changed && 'changed-row', followed && 'followed'].filter(Boolean).join(' ');
  return (
    <tr class={classes}>
      <th scope="row">
        {moves ? (
          <button
            type="button"
            aria-pressed={followed}
            title="mark its writes in the diagram"
            onClick={() => view.follow(followed ? null : variable)}
          >
            {changed && <span class="sign">● </span>}
            <Words>{name}</Words>
          </button>
        ) : (
          <span class="fixed">
            <Words>{name}</Words>
          </span>
        )}
        {followed && <Jumps {...{ trace, view, variable }} />}
      </th>
      <td>
        {changed ? <Change before={before} after={after} /> : <Words>{after}</Words>}
        {(changed || followed) && doc !== '' && <span class="meaning">{doc}</span>}
      </td>
    </tr>
  );
}

/** To the write before and the write after. */
function Jumps({ trace, view, variable }: Props & { readonly variable: number }): JSX.Element {
  const writes = useMemo(() => writesOf(trace, variable), [trace, variable]);
  const jump = (direction: 1 | -1, sign: string, words: string): JSX.Element => {
    const to = nearestStep(writes, view.at, direction);
    return (
      <button type="button" disabled={to === undefined} onClick={() => to !== undefined && view.select(to)}>
        {direction < 0 && `${sign} `}
        {words}
        {direction > 0 && ` ${sign}`}
      </button>
    );
  };
  return (
    <span class="jumps">
      {jump(-1, '▲', 'write before')} {jump(1, '▼', 'write after')}
      <span class="note">
        {writes.length} {writes.length === 1 ? 'write' : 'writes'}: step{' '}
        {writes.map((n) => trace.skipped + n).join(', ')}
      </span>
    </span>
  );
}
