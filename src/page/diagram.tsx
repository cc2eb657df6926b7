/** The sequence diagram: a lane for each actor, a row for each step, handlers and locks as spans on the lanes. */
import { Fragment, type JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { functionName } from '../report/counterexample.js';
import type { PageStep, PageTrace } from '../report/page-trace.js';
import { Impasse } from './impasse-view.js';
import { draw, lockLetter, type Cell, type Drawing, type Lane } from './lanes.js';
import { Legend } from './legend.js';
import { Change, Coded, Inside, Pairs, Words } from './text.js';
import { actionParts, changedPlace, decidesBy } from './values.js';
import type { View } from './view.js';

interface Props {
  readonly trace: PageTrace;
  readonly view: View;
}

/** The whole diagram. */
export function Diagram({ trace, view }: Props): JSX.Element {
  const drawing = useMemo(() => draw(trace), [trace]);
  const list = useRef<HTMLOListElement>(null);
  const { at, hidden } = view;
  useEffect(() => {
    const row = list.current?.querySelector<HTMLElement>('[aria-current="step"]');
    row?.scrollIntoView({ block: 'nearest' });
    // Who steps with the keyboard inside the list keeps the focus on the step that is shown.
    if (list.current?.contains(document.activeElement)) row?.querySelector('button')?.focus({ preventScroll: true });
  }, [at]);
  // What a step does not change is made once: Preact leaves alone what is the same object as before.
  const { lanes, cells } = useMemo(() => {
    const shown = drawing.lanes.map((_, i) => i).filter((i) => !hidden.has(drawing.lanes[i].process));
    return {
      lanes: shown.map((i) => drawing.lanes[i]),
      cells: [shown.map(() => emptyCell), ...drawing.rows.map((row) => shown.map((i) => row[i]))],
    };
  }, [drawing, hidden]);
  const texts = useMemo(
    () => trace.steps.map((_, i) => <StepText key={i} trace={trace} drawing={drawing} n={i + 1} />),
    [trace, drawing],
  );
  return (
    <section class="diagram" aria-label="Steps of all actors">
      <div class="heads">
        <Legend trace={trace} drawing={drawing} />
        <LaneHeads lanes={lanes} all={drawing.lanes} />
      </div>
      <ol ref={list} class={view.details ? 'steps' : 'steps brief'}>
        <Row n={0} number={trace.skipped} view={view} lanes={lanes} cells={cells[0]} drawing={drawing}>
          <span class="headline">{trace.skipped > 0 ? `state before step ${trace.skipped + 1}` : 'initial state'}</span>
        </Row>
        {rowsOf(trace, hidden).map((row) =>
          row.kind === 'gap' ? (
            <li class="gap" key={`gap ${row.from}`}>
              {row.to - row.from + 1} {row.to === row.from ? 'step' : 'steps'} of {row.who.join(', ')} folded away
            </li>
          ) : (
            <Fragment key={row.n}>
              {trace.loop === trace.skipped + row.n - 1 && <LoopMark words="From here on it goes round for ever" />}
              <Row
                n={row.n}
                view={view}
                lanes={lanes}
                cells={cells[row.n]}
                drawing={drawing}
                looping={trace.loop !== null && trace.skipped + row.n > trace.loop}
                decisive={decidesBy(trace, row.n).length > 0}
                number={trace.skipped + row.n}
              >
                {texts[row.n - 1]}
              </Row>
            </Fragment>
          ),
        )}
        <End trace={trace} />
      </ol>
    </section>
  );
}

const emptyCell: Cell = { acts: false, handler: null, locks: [] };

function LaneHeads({ lanes, all }: { readonly lanes: readonly Lane[]; readonly all: readonly Lane[] }): JSX.Element {
  return (
    <div class="lane-heads" aria-hidden="true">
      <span class="number" />
      {lanes.map((lane) => (
        <span class={`lane ${colourOf(all, lane)}`} style={{ width: widthOf(lane) }} key={lane.process}>
          {lane.hardware ? '◆' : '●'} {lane.process}
        </span>
      ))}
      <span class="what">step, and what it changes</span>
    </div>
  );
}

/** Wide enough for the name and the bars. */
const widthOf = ({ process, slots }: Lane): string => `max(${[...process].length + 3}ch, ${34 + slots * 20}px)`;

const colourOf = (all: readonly Lane[], lane: Lane): string =>
  `actor${all.findIndex(({ process }) => process === lane.process) % 6}`;

type ShownRow =
  | { readonly kind: 'step'; readonly n: number }
  | { readonly kind: 'gap'; readonly from: number; readonly to: number; readonly who: readonly string[] };

/** Steps of hidden actors that follow each other are one row. */
function rowsOf({ steps }: PageTrace, hidden: ReadonlySet<string>): ShownRow[] {
  const rows: ShownRow[] = [];
  steps.forEach(({ process }, i) => {
    const last = rows.at(-1);
    if (!hidden.has(process)) rows.push({ kind: 'step', n: i + 1 });
    else if (last?.kind === 'gap')
      rows[rows.length - 1] = { ...last, to: i + 1, who: [...new Set([...last.who, process])] };
    else rows.push({ kind: 'gap', from: i + 1, to: i + 1, who: [process] });
  });
  return rows;
}

interface RowProps {
  readonly n: number;
  readonly number?: number;
  readonly view: View;
  readonly lanes: readonly Lane[];
  readonly cells: readonly Cell[];
  readonly drawing: Drawing;
  readonly looping?: boolean;
  readonly decisive?: boolean;
  readonly children: JSX.Element;
}

function Row(props: RowProps): JSX.Element {
  const { n, number = n, view, lanes, cells, drawing, looping = false, decisive = false, children } = props;
  const current = view.at === n;
  const graphics = useMemo(() => {
    const wired = cells.findIndex(({ acts }) => acts);
    return lanes.map((lane, i) => (
      <LaneCell
        key={lane.process}
        lane={lane}
        cell={cells[i]}
        colour={colourOf(drawing.lanes, lane)}
        locks={drawing.locks}
        wire={wired >= 0 && i >= wired}
      />
    ));
  }, [lanes, cells, drawing]);
  const written = view.writes.includes(n);
  const classes = ['row', current && 'current', looping && 'looping', decisive && 'decisive', written && 'written'];
  return (
    <li
      class={classes.filter(Boolean).join(' ')}
      aria-current={current ? 'step' : undefined}
      onClick={() => view.select(n)}
    >
      <span class="number" aria-hidden="true">
        {looping ? '↻ ' : ''}
        {number}
      </span>
      {graphics}
      <button type="button" class="what" tabIndex={current ? 0 : -1} onClick={() => view.select(n)}>
        {children}
      </button>
    </li>
  );
}

interface LaneCellProps {
  readonly lane: Lane;
  readonly cell: Cell;
  readonly colour: string;
  readonly locks: readonly number[];
  readonly wire: boolean;
}

function LaneCell({ lane, cell, colour, locks, wire }: LaneCellProps): JSX.Element {
  return (
    <span class={`lane ${colour}`} style={{ width: widthOf(lane) }} aria-hidden="true">
      <span class="line" />
      {wire && <span class={cell.acts ? 'wire own' : 'wire'} />}
      {cell.handler && <span class={`handler ${cell.handler}`} />}
      {cell.acts && <span class={lane.hardware ? 'dot hardware' : 'dot'} />}
      {cell.locks.map(({ lock, slot, part }) => (
        <span
          class={`lock ${part} pattern${locks.indexOf(lock) % 4}`}
          style={{ left: `${30 + slot * 20}px` }}
          key={lock}
        >
          {part === 'start' || part === 'whole' ? <b>{lockLetter(locks, lock)}</b> : ''}
        </span>
      ))}
    </span>
  );
}

interface StepTextProps {
  readonly trace: PageTrace;
  readonly drawing: Drawing;
  readonly n: number;
}

function StepText({ trace, drawing, n }: StepTextProps): JSX.Element {
  const step = trace.steps[n - 1];
  const lane = drawing.lanes.findIndex(({ process }) => process === step.process);
  const { handler } = drawing.rows[n - 1][lane];
  const parts = actionParts(step.action);
  const lock = (number: number): JSX.Element => (
    <>
      <b class="letter">{lockLetter(drawing.locks, number)}</b> {trace.variables[number].name}
    </>
  );
  return (
    <>
      <span class="headline">
        <span class="visually-hidden">Step {trace.skipped + n}: </span>
        <b class={`actor actor${lane % 6}`}>{step.process}</b>{' '}
        {(handler === 'start' || handler === 'whole') && <span class="begins">begins </span>}
        <span class="path">{parts[0] === step.process ? '' : `${parts[0]}: `}</span>
        <strong>{parts.at(-1)}</strong>
        {step.fn !== '' && <code class="fn">{functionName(step.fn)}</code>}
      </span>
      <span class="details">
        {parts.length > 2 && <Inside parts={parts.slice(1, -1)} />}
        {(handler === 'start' || handler === 'whole') && Object.keys(step.args).length > 0 && (
          <span class="arguments">
            with <Pairs of={step.args} />
          </span>
        )}
        {step.doc !== '' && (
          <span class="doc">
            <Coded>{step.doc}</Coded>
          </span>
        )}
        {decidesBy(trace, n).map((why) => (
          <span class="tag decides" key={why}>
            » <Words>{why}</Words>
          </span>
        ))}
        <Changes trace={trace} step={step} />
        {step.takes.map((taken) => (
          <span class="tag takes" key={`takes ${taken}`}>
            takes {lock(taken)}
          </span>
        ))}
        {step.frees.map(({ lock: freed }) => (
          <span class="tag frees" key={`frees ${freed}`}>
            gives back {lock(freed)}
          </span>
        ))}
        {step.emits.map(({ name, args }, i) => (
          <span class="tag event" key={`event ${i}`}>
            event: {name} <Pairs of={args} />
          </span>
        ))}
        {step.guard && (
          <span class="tag guard">
            ⚠ check {step.guard.id}{' '}
            {step.guard.outcome === 'refused' ? 'refuses' : 'would refuse, but an edit passes it'}: {step.guard.doc}
          </span>
        )}
        {(step.next === 'idle' || step.label !== '') && (
          <span class={`tag ${step.label.startsWith('-') ? 'fails' : 'returns'}`}>
            {step.next === 'idle' ? `↩ ${parts[0]} returns ` : step.label.startsWith('-') ? '✗ fails: ' : ''}
            {step.label}
          </span>
        )}
      </span>
    </>
  );
}

/** Locks are told by what is taken and given back. */
function Changes({ trace, step }: { readonly trace: PageTrace; readonly step: PageStep }): JSX.Element {
  const own = step.changes.filter(({ variable }) => trace.variables[variable].kind !== 'lock');
  return (
    <>
      {own.map((change, i) => (
        <span class="changed" key={i}>
          <Words>{changedPlace(trace, change)}</Words> <Change before={change.before} after={change.after} />
        </span>
      ))}
    </>
  );
}

const LoopMark = ({ words }: { readonly words: string }): JSX.Element => <li class="loop-mark">↻ {words}</li>;

function End({ trace }: { readonly trace: PageTrace }): JSX.Element {
  const { loop, faulting, skipped, steps } = trace;
  const last = skipped + steps.length;
  return (
    <>
      {loop !== null && loop === last && (
        <LoopMark words="Nothing more has to happen: it may stay like this for ever" />
      )}
      {loop !== null && loop < last && (
        <LoopMark words={`Everything is as before step ${loop + 1} again: back to there`} />
      )}
      {faulting && (
        <li class="fault">
          ✗ <b>{faulting.process}</b> could not take <strong>{actionParts(faulting.action).join(' › ')}</strong>:{' '}
          {faulting.message}
          {faulting.fn !== '' && <code class="fn">{functionName(faulting.fn)}</code>}
          {faulting.at !== '' && <span class="at">{faulting.at}</span>}
        </li>
      )}
      {!faulting && loop === null && trace.because !== '' && (
        <li class={trace.property.kind === 'reachable' ? 'reached' : 'fault'}>
          {trace.property.kind === 'reachable' ? '✓' : '✗'} Here {trace.property.id}{' '}
          {trace.property.kind === 'reachable' ? 'is reached' : 'is broken'}: <Words>{trace.because}</Words>
        </li>
      )}
      {trace.impasse.length > 0 && (
        <li class="behind">
          <Impasse rows={trace.impasse} />
        </li>
      )}
    </>
  );
}
