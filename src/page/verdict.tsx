/** What was found, always in sight: the sentence that is broken, why, and of which page and device. */
import type { JSX } from 'preact';
import { pairs } from '../report/lines.js';
import type { PageTrace } from '../report/page-trace.js';
import { ImpasseLink } from './impasse-view.js';
import { Coded, Pairs, Words } from './text.js';

interface Props {
  readonly trace: PageTrace;
  /** Of which model it is a variant. */
  readonly about: string;
  /** Shows the last step. */
  readonly toEnd: () => void;
}

/** The verdict of a trace. */
export function Verdict({ trace, about, toEnd }: Props): JSX.Element {
  const { property, because, guilty, steps, skipped } = trace;
  const length = skipped + steps.length;
  const after = `after ${length} ${length === 1 ? 'step' : 'steps'}`;
  const words: Readonly<Record<string, readonly [string, string]>> = {
    reachable: ['good', `✓ ${property.id} is reached ${after}`],
    fault: ['bad', `✗ ${property.id}: the model itself is at fault, ${after}`],
    walk: ['', `A walk by hand, ${after}`],
  };
  const [kind, headline] = Object.hasOwn(words, property.kind)
    ? words[property.kind]
    : ['bad', `✗ ${property.id} is violated ${after}`];
  return (
    <header class={`verdict ${kind}`}>
      {about !== '' && <p class="subject">{about}</p>}
      <p class="subject">
        <b>
          <Coded>{trace.model}</Coded>
        </b>{' '}
        <span>{trace.title}</span>
      </p>
      <h1>{headline}</h1>
      <dl>
        {property.text !== '' && (
          <div>
            <dt>must be</dt>
            <dd class="sentence">
              <Coded>{property.text}</Coded>
            </dd>
          </div>
        )}
        {because !== '' && (
          <div>
            <dt>but</dt>
            <dd class="sentence">
              <Folded>{because}</Folded> {trace.impasse.length > 0 && <ImpasseLink toEnd={toEnd} />}
            </dd>
          </div>
        )}
        {Object.keys(guilty).length > 0 && (
          <div>
            <dt>it is</dt>
            <dd>
              <Pairs of={guilty} />
            </dd>
          </div>
        )}
        <div>
          <dt>scope</dt>
          <dd>
            {pairs(trace.scope) || 'none'}
            {trace.edits.map((edit) => (
              <span class="tag guard" key={edit}>
                edited: {edit}
              </span>
            ))}
            {trace.denied.length > 0 && <span class="tag guard">without the assumption {trace.denied.join(', ')}</span>}
          </dd>
        </div>
        {property.source !== '' && (
          <div>
            <dt>source</dt>
            <dd>
              <Coded>{property.source}</Coded>
            </dd>
          </div>
        )}
      </dl>
    </header>
  );
}

/** Texts beyond this fold. */
const LONG = 240;

/** A text, of a long one only the beginning until somebody asks for all of it. */
function Folded({ children: text }: { readonly children: string }): JSX.Element {
  if (text.length <= LONG) return <Words>{text}</Words>;
  return (
    <details class="folded">
      <summary>
        <Words>{`${text.slice(0, LONG * 0.75)}…`}</Words>
      </summary>
      <Words>{text}</Words>
    </details>
  );
}
