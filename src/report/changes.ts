/** One change on a line: the old and the new value, with the part that differs marked. */
import { pad, styled, widest, type Line, type Piece, type Style } from './lines.js';

/** What changed, as it is printed. */
interface Change {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** A line for each change, the names in one column. */
export function changeLines(changes: readonly Change[], indent: string): Line[] {
  const width = widest(
    changes.map(({ name }) => name),
    36,
  );
  return changes.map(({ name, before, after }): Line => [
    indent,
    pad(name, width),
    '  ',
    ...differing(before, after, 'gone', 'dim'),
    ' → ',
    ...differing(after, before, 'new', 'bold'),
  ]);
}

/** `text` in pieces: what it has and `other` has not is of style `own`, the rest of style `shared`. */
function differing(text: string, other: string, own: Style, shared: Style): Piece[] {
  const [mine, theirs] = [words(text), words(other)];
  const most = Math.min(mine.length, theirs.length);
  let head = 0;
  while (head < most && mine[head] === theirs[head]) head++;
  let tail = 0;
  while (tail < most - head && mine[mine.length - 1 - tail] === theirs[theirs.length - 1 - tail]) tail++;
  const parts: [Style, readonly string[]][] = [
    [shared, mine.slice(0, head)],
    [own, mine.slice(head, mine.length - tail)],
    [shared, mine.slice(mine.length - tail)],
  ];
  return parts.flatMap(([style, part]) => (part.length === 0 ? [] : [styled(style, part.join(''))]));
}

const words = (text: string): string[] => text.match(/[\p{L}\p{N}_]+|./gsu) ?? [];
