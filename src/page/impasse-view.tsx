/** What stands in the way behind the end of a trace. */
import type { JSX } from 'preact';
import type { ImpasseRow } from '../report/impasse.js';
import { Words } from './text.js';

/** Where it stands on the page. */
const PLACE = 'impasse';

const titles: Readonly<Record<ImpasseRow['title'], string>> = {
  behind: 'behind the end',
  stays: 'never changes',
  refuses: 'refuses',
  waits: 'waits',
  choice: 'goes round',
};

/** A row for each reason, in the order of how much it says. */
export function Impasse({ rows }: { readonly rows: readonly ImpasseRow[] }): JSX.Element {
  return (
    <section class="impasse" id={PLACE} aria-label="What stands in the way">
      <h3>What stands in the way</h3>
      <dl>
        {rows.map(({ title, text, remedy }, i) => (
          <div key={i}>
            <dt>
              {title === rows[i - 1]?.title ? <span class="visually-hidden">{titles[title]}</span> : titles[title]}
            </dt>
            <dd>
              <Words>{text}</Words>
              {remedy !== '' && <strong class="remedy">→ {remedy}</strong>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Goes to the last step and to what stands in the way there. */
export function ImpasseLink({ toEnd }: { readonly toEnd: () => void }): JSX.Element {
  const go = (): void => {
    toEnd();
    // After the last step has come into sight.
    requestAnimationFrame(() => document.getElementById(PLACE)?.scrollIntoView({ block: 'nearest' }));
  };
  return (
    <button type="button" onClick={go}>
      what stands in the way
    </button>
  );
}
