/** Pieces of text. Preact makes text nodes of them; nothing here is ever read as HTML. */
import { createContext, type JSX } from 'preact';
import { useContext } from 'preact/hooks';

/** Finds the values that the broken property is about: they are marked wherever they stand. */
export const Guilty = createContext<RegExp | null>(null);

/** What codes mean, `W-22` and the like. */
export const Codes = createContext<Readonly<Record<string, string>>>({});

/** A text with its codes explained where the mouse rests on them. */
export function Coded({ children: text }: { readonly children: string }): JSX.Element {
  const codes = useContext(Codes);
  const any = finder(Object.keys(codes));
  if (!any) return <>{text}</>;
  return (
    <>
      {text.split(any).map((part, i) =>
        i % 2 === 0 ? (
          part
        ) : (
          <abbr key={i} title={codes[part]}>
            {part}
          </abbr>
        ),
      )}
    </>
  );
}

/** A text with the guilty values marked, and its codes explained. */
export function Words({ children: text }: { readonly children: string }): JSX.Element {
  const guilty = useContext(Guilty);
  if (!guilty) return <Coded>{text}</Coded>;
  // Every second part is one that was found.
  return (
    <>
      {text.split(guilty).map((part, i) => (i % 2 === 0 ? <Coded key={i}>{part}</Coded> : <mark key={i}>{part}</mark>))}
    </>
  );
}

/** Finds some words where they stand alone. A bare number would be found everywhere, so it is left out. */
export function finder(words: readonly string[]): RegExp | null {
  const telling = words.filter((word) => /\p{L}/u.test(word));
  if (telling.length === 0) return null;
  const any = telling.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|');
  return new RegExp(`(?<![\\w.])(${any})(?![\\w.])`, 'u');
}

/** `a=1 b=2`. */
export function Pairs({ of }: { readonly of: Readonly<Record<string, unknown>> }): JSX.Element {
  return (
    <>
      {Object.entries(of).map(([name, value], i) => (
        <span class="pair" key={name}>
          {i > 0 && ' '}
          <span class="name">{name}=</span>
          <Words>{String(value)}</Words>
        </span>
      ))}
    </>
  );
}

/** Old and new value. The arrow says it as well as the colours. */
export function Change({ before, after }: { readonly before: string; readonly after: string }): JSX.Element {
  return (
    <span class="change">
      <del>
        <Words>{before}</Words>
      </del>
      <span aria-label="becomes"> → </span>
      <ins>
        <Words>{after}</Words>
      </ins>
    </span>
  );
}

/** Parts of a path that a row shows. */
const DEEP = 5;

/** What a step is part of; of a long path the beginning is left to the step's own panel. */
export function Inside({ parts }: { readonly parts: readonly string[] }): JSX.Element {
  const shown = parts.length > DEEP ? ['…', ...parts.slice(1 - DEEP)] : parts;
  return (
    <span class="path" title={parts.join(' › ')}>
      in {shown.join(' › ')}
    </span>
  );
}
