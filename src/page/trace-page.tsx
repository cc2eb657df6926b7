/** The page of a stored trace. */
import type { JSX } from 'preact';
import { useCallback, useMemo } from 'preact/hooks';
import type { PageCommand } from '../report/page-data.js';
import type { PageTrace } from '../report/page-trace.js';
import { Diagram } from './diagram.js';
import { Help } from './help.js';
import { Outline } from './outline.js';
import { StateView } from './state-view.js';
import { StepView } from './step-view.js';
import { Codes, Guilty, finder } from './text.js';
import { Toolbar } from './toolbar.js';
import { stepWords } from './values.js';
import { Verdict } from './verdict.js';
import { useView } from './view.js';

interface Props {
  readonly trace: PageTrace;
  readonly about: string;
  readonly commands: readonly PageCommand[];
  readonly codes: Readonly<Record<string, string>>;
}

/** Verdict, diagram, step and state. The address names the step: `#step-8`. */
export function TracePage({ trace, about, commands, codes }: Props): JSX.Element {
  const start = Number(/^#step-(\d{1,6})$/.exec(location.hash)?.[1] ?? NaN) - trace.skipped;
  const moved = useCallback((at: number) => history.replaceState(null, '', `#step-${trace.skipped + at}`), [trace]);
  const known = start >= 0 && start <= trace.steps.length;
  const view = useView(trace, known ? start : 0, moved);
  const guilty = useMemo(() => finder(Object.values(trace.guilty)), [trace]);
  return (
    <Codes.Provider value={codes}>
      <Guilty.Provider value={guilty}>
        <Verdict trace={trace} about={about} toEnd={() => view.select(trace.steps.length)} />
        <Toolbar trace={trace} view={view} />
        <main>
          <div class="left">
            {trace.skipped > 0 && (
              <p class="warning">
                The first {trace.skipped} steps are left out: the trace is too long for a page. “ringfence show” prints
                all of it.
              </p>
            )}
            <Outline trace={trace} view={view} />
            <Diagram trace={trace} view={view} />
          </div>
          <aside class="right">
            <StepView trace={trace} view={view} />
            <StateView trace={trace} view={view} />
            {Object.keys(codes).length > 0 && <CodeList codes={codes} />}
          </aside>
        </main>
        <footer>
          {commands.map(({ what, line }) => (
            <p key={what}>
              {what}: <code>{line}</code>
            </p>
          ))}
          <p class="note">Written by ringfence {trace.tool}.</p>
        </footer>
        <p class="visually-hidden" role="status" aria-live="polite">
          {stepWords(trace, view.at)}
        </p>
        {view.help && <Help close={() => view.setHelp(false)} />}
      </Guilty.Provider>
    </Codes.Provider>
  );
}

/** The codes again, for who has no mouse. */
function CodeList({ codes }: { readonly codes: Readonly<Record<string, string>> }): JSX.Element {
  return (
    <details class="codes">
      <summary>Codes on this page</summary>
      <dl>
        {Object.entries(codes).map(([code, meaning]) => (
          <div key={code}>
            <dt>{code}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
