/** Fitting lines to a width: broken between words, the rest below the column that the text stands in. */
import { textOf, type Line, type Piece } from './lines.js';

/** Narrower than this, nothing fits any more. */
export const NARROWEST = 40;

/** Characters that a long word may be broken after: an id is a path. */
const BREAKS = /[/,;|)\]}⟩]/u;

/** A character of a line, as it will be printed, with its piece's style. */
interface Cell {
  readonly text: string;
  readonly piece: Piece;
}

/** Lines of at most `width` characters (no less than {@link NARROWEST}). `Infinity`: as they are. */
export function fit(lines: readonly Line[], width: number): Line[] {
  if (width === Infinity) return [...lines];
  const room = Math.max(NARROWEST, Math.floor(width));
  return lines.flatMap((line) => fitLine(line, room));
}

function fitLine(line: Line, width: number): Line[] {
  const cells = line.flatMap((piece) => [...textOf(piece)].map((text): Cell => ({ text, piece })));
  while (cells.at(-1)?.text === ' ') cells.pop();
  if (cells.length <= width) return [line];
  const indent = hangOf(cells, width);
  const lines: Line[] = [];
  let rest = cells;
  for (let at = 0; rest.length > 0; at = indent) {
    const room = width - at;
    const end = rest.length <= room ? rest.length : breakIn(rest, room, at === 0 ? indent : 0);
    const head = rest.slice(0, end);
    while (head.at(-1)?.text === ' ') head.pop();
    lines.push([' '.repeat(at), ...piecesOf(head)]);
    let next = end;
    while (rest.at(next)?.text === ' ') next++;
    rest = rest.slice(next);
  }
  return lines;
}

/** How many cells of a line go first. No break stands before `from`, where the line's own indentation is. */
function breakIn(cells: readonly Cell[], room: number, from: number): number {
  for (let at = room; at > from; at--) if (cells[at].text === ' ') return at;
  for (let at = room; at > from + 1; at--) if (BREAKS.test(cells[at - 1].text)) return at;
  return room;
}

/** Where further lines begin: the last column that begins in the left half. Two spaces stand between columns. */
function hangOf(cells: readonly Cell[], width: number): number {
  const most = Math.floor(width / 2);
  let hang = 0;
  for (let at = 0; at <= most && at < cells.length; at++) {
    const begins = cells[at].text !== ' ' && (at < 2 || (cells[at - 1].text === ' ' && cells[at - 2].text === ' '));
    if (begins && !(at === 1 && cells[0].text !== ' ')) hang = at;
  }
  return hang;
}

/** Cells as pieces again: neighbours of one piece together. What was escaped stays as it is. */
function piecesOf(cells: readonly Cell[]): Piece[] {
  const pieces: { text: string; of: Piece }[] = [];
  for (const { text, piece } of cells) {
    const last = pieces.at(-1);
    if (last?.of === piece) last.text += text;
    else pieces.push({ text, of: piece });
  }
  return pieces.map(({ text, of }) => (typeof of === 'string' ? text : { text, style: of.style }));
}
