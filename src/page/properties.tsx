/** Which properties hold where a walk stands, and where in it they broke. */
import type { JSX } from 'preact';
import type { PageProperty, PageWalk } from '../report/page-data.js';

interface Props {
  readonly properties: readonly PageProperty[];
  readonly faults: PageWalk['faults'];
  readonly select: (step: number) => void;
}

const words: Readonly<Record<PageProperty['standing'], readonly [string, string]>> = {
  broken: ['✗', 'broken here'],
  holds: ['✓', 'holds here'],
  reached: ['✓', 'reached here'],
  open: ['?', 'not decided here'],
};

/** Broken ones first. */
export function Properties({ properties, faults, select }: Props): JSX.Element {
  const order: readonly PageProperty['standing'][] = ['broken', 'reached', 'holds', 'open'];
  const count = (standing: PageProperty['standing']): number =>
    properties.filter((property) => property.standing === standing).length;
  return (
    <details class="properties" open={count('broken') + faults.length > 0}>
      <summary>
        Properties: {count('broken') > 0 && <b class="bad">✗ {count('broken')} broken here, </b>}
        {count('holds')} hold here, {count('open')} not decided by one state
      </summary>
      <ul>
        {faults.map(({ process, action, id, message }) => (
          <li class="broken" key={id}>
            <b>✗ the model itself is at fault</b>: {process} {action}: {message}
          </li>
        ))}
        {order.flatMap((standing) =>
          properties
            .filter((property) => property.standing === standing)
            .map(({ id, text, because, after }) => (
              <li class={standing} key={id}>
                <b>
                  {words[standing][0]} {id}
                </b>{' '}
                {words[standing][1]}
                {because !== '' && `: ${because}`}
                {after.length > 0 && standing !== 'broken' && standing !== 'reached' && (
                  <>
                    {' '}
                    <button type="button" onClick={() => select(after[0])}>
                      it was otherwise after step {after[0]}
                    </button>
                  </>
                )}
                <span class="note"> {text}</span>
              </li>
            )),
        )}
      </ul>
    </details>
  );
}
