/** How to read the page, for somebody who sees one for the first time. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const keys: readonly (readonly [string, string])[] = [
  ['↓ → j', 'next step'],
  ['↑ ← k', 'step before'],
  ['Home, End', 'first, last'],
  ['n, p', 'next and previous write of the variable that is marked'],
  ['m, M', 'next and previous decisive step'],
  ['d', 'rows with or without what they change'],
  ['Esc', 'mark no variable'],
  ['?', 'this help'],
];

/** The help, as a dialog. */
export function Help({ close }: { readonly close: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={close}>
      <h2 id="help-title">How to read this page</h2>
      <p>
        A model checker went through <em>every</em> order in which these actors can take their steps, and found this
        one. It is a shortest way to break the sentence at the top. Each row is one atomic step: everything in it
        happens at once, and other actors may act before and after it.
      </p>
      <dl>
        <dt>● and ◆ at the top</dt>
        <dd>● an actor that runs handlers (a CPU, a task), ◆ hardware that acts by itself.</dd>
        <dt>wide bar on a lane</dt>
        <dd>
          The actor is in a handler, from its first step to its return. Where another lane acts inside the bar, it is
          interrupted: that is where races are.
        </dd>
        <dt>narrow bar with a letter</dt>
        <dd>
          The actor holds that lock. Taking a lock is part of the first step under it and giving it back of the last
          one, so a lock for one step alone has no bar; its name stands in the step’s path.
        </dd>
        <dt>old → new</dt>
        <dd>
          What the step changes. On the right is the whole state; click a variable, and all rows that write it are
          marked with ◂.
        </dd>
        <dt>» beside a number</dt>
        <dd>
          A step that decided the outcome: the one after which the sentence was broken as far as this variable goes, a
          failure, or a place where an edit of the program lets something pass. The row says which. They are a help to
          begin with; the other steps are needed too.
        </dd>
        <dt>
          <mark>underlined</mark>
        </dt>
        <dd>What the broken sentence is about.</dd>
      </dl>
      <h3>Keys</h3>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
