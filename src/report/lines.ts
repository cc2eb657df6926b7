/** Text for people, as lines of styled pieces. Whoever prints them escapes every piece, so nobody can forget to. */

/** How a piece is shown where there are colours. */
export type Style = 'bold' | 'dim' | 'good' | 'bad' | 'warn' | 'accent' | 'gone' | 'new';
/** A piece of a line: plain text, or text with a style. */
export type Piece = string | { readonly text: string; readonly style: Style };
export type Line = readonly Piece[];

/** A styled piece. */
export const styled = (style: Style, text: string): Piece => ({ text, style });

/** The text of a piece, escaped. */
export const textOf = (piece: Piece): string => printable(typeof piece === 'string' ? piece : piece.text);

/** Lines without any style, escaped. */
export const plainText = (lines: readonly Line[]): string =>
  lines.map((line) => line.map(textOf).join('').trimEnd()).join('\n');

/**
 * Everything that could move the cursor, hide text or turn its direction: control characters (also line ends), bidi
 * marks, zero-width and invisible format characters, line separators, tag characters, lone surrogates.
 */
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\u115f\u1160\u3164\uffa0]/gu;

/** A text of unknown origin as it may be printed on one line: what could deceive is written as an escape. */
export function printable(text: string): string {
  return text.replace(DANGEROUS, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u{${(character.codePointAt(0) as number).toString(16)}}`;
  });
}

/** Fills a text up to a width, counted as it will be printed. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...printable(text)].length));
}

/** The widest of some texts, but no wider than `most`. */
export function widest(texts: readonly string[], most: number): number {
  return texts.reduce((width, text) => Math.max(width, Math.min(most, [...printable(text)].length)), 0);
}

/** `1234567` as `1,234,567`. */
export const count = (n: number): string => n.toLocaleString('en-US', { maximumFractionDigits: 0 });

/** `1 step`, `2 steps`. */
export const plural = (n: number, thing: string): string => `${count(n)} ${thing}${n === 1 ? '' : 's'}`;

/** Bytes in the unit that suits. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${unit === 0 || n >= 100 ? n.toFixed(0) : n.toFixed(1)} ${units[unit]}`;
}

/** Seconds in the unit that suits. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${(seconds * 1000).toFixed(0)} ms`;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120
    ? `${minutes} min ${Math.floor(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `{ a: 1 }` as `a=1`. */
export const pairs = (values: Readonly<Record<string, unknown>>, joint = ' '): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(joint);
