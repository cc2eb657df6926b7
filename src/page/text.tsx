/** Pieces of text. Preact makes text nodes of them; nothing here is ever read as HTML. */
import { createContext, type JSX } from 'preact';
import { useContext, useMemo } from 'preact/hooks';

/** The values that the broken property is about: they are marked wherever they stand. */
export const Guilty = createContext<readonly string[]>([]);

/** A text with the guilty values marked. */
export function Words({ children: text }: { readonly children: string }): JSX.Element {
  const guilty = useContext(Guilty);
  const parts = useMemo(() => split(text, guilty.filter(telling)), [text, guilty]);
  return <>{parts.map((part, i) => (i % 2 === 0 ? part : <mark key={i}>{part}</mark>))}</>;
}

/** A bare number would be found everywhere. */
const telling = (word: string): boolean => /\p{L}/u.test(word);

/** Every second part is one of the words. */
function split(text: string, words: readonly string[]): string[] {
  if (words.length === 0) return [text];
  const any = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|');
  return text.split(new RegExp(`(?<![\\w.])(${any})(?![\\w.])`, 'u'));
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
