/** Everything that is known of one step. */
import type { ComponentChildren, JSX } from 'preact';
import { functionName } from '../report/counterexample.js';
import type { PageTrace } from '../report/page-trace.js';
import { Change, Coded, Pairs, Words } from './text.js';
import { actionParts, changedPlace, decidesBy, nearestStep, writesOf } from './values.js';
import type { View } from './view.js';

interface Props {
  readonly trace: PageTrace;
  readonly view: View;
}

/** The step that is selected. */
export function StepView({ trace, view }: Props): JSX.Element {
  const { at } = view;
  if (at === 0) {
    return (
      <section class="step" aria-label="Step">
        <h2>{trace.skipped > 0 ? `Before step ${trace.skipped + 1}` : 'Initial state'}</h2>
        <p class="note">Nothing has happened yet. The arrow keys take you from step to step.</p>
      </section>
    );
  }
  const step = trace.steps[at - 1];
  const parts = actionParts(step.action);
  const races = othersBefore(trace, at);
  return (
    <section class="step" aria-label="Step">
      <h2>
        Step {trace.skipped + at}: <b>{step.process}</b> {parts.at(-1)}
      </h2>
      {step.doc !== '' && (
        <p>
          <Coded>{step.doc}</Coded>
        </p>
      )}
      <dl>
        <Fact name="in">{parts.slice(0, -1).join(' › ')}</Fact>
        {Object.keys(step.args).length > 0 && (
          <Fact name="with">
            <Pairs of={step.args} />
          </Fact>
        )}
        {step.fn !== '' && (
          <Fact name="function">
            <code>{functionName(step.fn)}</code>
          </Fact>
        )}
        {step.source !== '' && (
          <Fact name="source">
            <Coded>{step.source}</Coded>
          </Fact>
        )}
        {step.at !== '' && (
          <Fact name="model">
            <code>{step.at}</code>
          </Fact>
        )}
        {step.guard && (
          <Fact name={step.guard.outcome === 'refused' ? 'refused by' : 'not refused, because of an edit, by'}>
            check {step.guard.id}:{' '}
            <Coded>{step.guard.doc + (step.guard.source === '' ? '' : ` (${step.guard.source})`)}</Coded>
          </Fact>
        )}
        {decidesBy(trace, at).map((why, i) => (
          <Fact name={i === 0 ? '» decisive' : ''} key={why}>
            <Words>{why}</Words>
          </Fact>
        ))}
        {step.changes.map((change, i) => (
          <Fact name={i === 0 ? 'changes' : ''} key={i}>
            <Words>{changedPlace(trace, change)}</Words> <Change before={change.before} after={change.after} />
          </Fact>
        ))}
        {step.changes.length === 0 && <Fact name="changes">no shared variable</Fact>}
        {races.map(({ variable, by, step: n }) => (
          <Fact name="last by" key={`race ${variable}`}>
            {by}, in{' '}
            <button type="button" onClick={() => view.select(n)}>
              step {trace.skipped + n}
            </button>
            : <Words>{trace.variables[variable].name}</Words>
          </Fact>
        ))}
        {(step.next === 'idle' || step.label !== '') && (
          <Fact name={step.next === 'idle' ? 'returns' : 'result'}>{step.label || 'without an error'}</Fact>
        )}
      </dl>
    </section>
  );
}

/** Variables that this step writes and another actor wrote last: where actors meet. */
function othersBefore(trace: PageTrace, at: number): { variable: number; by: string; step: number }[] {
  const { process, changes } = trace.steps[at - 1];
  return [...new Set(changes.map(({ variable }) => variable))].flatMap((variable) => {
    const step = nearestStep(writesOf(trace, variable), at, -1);
    const by = step === undefined ? process : trace.steps[step - 1].process;
    return step === undefined || by === process ? [] : [{ variable, by, step }];
  });
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
