/** Reading a value as its sort prints it. */
import { compareEncoded } from './encoded.js';
import { SortError, type Encoded, type Sort } from './sort.js';
import { valuesOf } from './values.js';

/**
 * The value that prints as `text`. Spaces are free, fields may come in any order, and a list may be written `<a, b>`.
 * @throws SortError saying what is expected, and where
 */
export function parseValue<T>(sort: Sort<T>, text: string): T {
  const reader = new Reader(text);
  const encoded = reader.value(sort);
  reader.end(sort);
  return sort.decode(encoded);
}

const brackets: Readonly<Record<string, readonly [open: readonly string[], close: readonly string[]]>> = {
  list: [['⟨', '<'], ['⟩', '>']],
  set: [['{'], ['}']],
  map: [['{'], ['}']],
  record: [['{'], ['}']],
  vector: [['['], [']']],
}; // prettier-ignore

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  end(sort: Sort<unknown>): void {
    this.spaces();
    if (this.at < this.text.length) this.expected(sort, 'the end');
  }

  value(sort: Sort<unknown>): Encoded {
    this.spaces();
    const { shape } = sort;
    switch (shape.kind) {
      case 'opaque':
        return this.expected(sort, 'nothing that can be written');
      case 'optional':
        return this.optional(shape.of);
      case 'union':
        return this.union(sort, shape.variants);
      case 'list':
        return this.items(sort, () => this.value(shape.of));
      case 'set':
        return this.items(sort, () => this.value(shape.of)).sort(compareEncoded);
      case 'map': {
        const entries = this.items(sort, (): [Encoded, Encoded] => [this.key(shape.key), this.value(shape.of)]);
        return entries.sort(([a], [b]) => compareEncoded(a, b));
      }
      case 'record':
        return this.parts(sort, (name) => shape.fields[name], Object.keys(shape.fields).sort());
      case 'vector': {
        const index = shape.index;
        return this.parts(sort, () => shape.of, [...valuesOf(index)].map((value) => index.print(value))); // prettier-ignore
      }
      default:
        return this.word(sort);
    }
  }

  /** A value without parts: the longest printed one that stands here. */
  private word(sort: Sort<unknown>): Encoded {
    const all = [...valuesOf(sort)].map((value) => ({ value, printed: sort.print(value) }));
    const here = all.filter(({ printed }) => this.text.startsWith(printed, this.at));
    if (here.length === 0) return this.expected(sort, some(all.map(({ printed }) => printed)));
    const longest = here.reduce((a, b) => (b.printed.length > a.printed.length ? b : a));
    this.at += longest.printed.length;
    return sort.encode(longest.value);
  }

  private optional(of: Sort<unknown>): Encoded {
    const start = this.at;
    try {
      return this.value(of);
    } catch (error) {
      this.at = start;
      if (this.take('-')) return null;
      throw error;
    }
  }

  private union(sort: Sort<unknown>, variants: Readonly<Record<string, Sort<unknown>>>): Encoded {
    const tags = Object.keys(variants).sort((a, b) => b.length - a.length);
    const tag = tags.find((name) => this.take(name));
    if (tag === undefined) return this.expected(sort, some(Object.keys(variants)));
    if (variants[tag].shape.kind === 'unit') return [tag, null];
    if (!this.take('(')) this.expected(sort, `${tag}(…)`);
    const payload = this.value(variants[tag]);
    if (!this.take(')')) this.expected(sort, ')');
    return [tag, payload];
  }

  private key(sort: Sort<unknown>): Encoded {
    const key = this.value(sort);
    if (!this.take(':')) this.expected(sort, ':');
    return key;
  }

  /** Named parts, all of them, as a list in the order of `names`. */
  private parts(sort: Sort<unknown>, of: (name: string) => Sort<unknown>, names: readonly string[]): Encoded[] {
    const found = new Map<string, Encoded>();
    const longestFirst = [...names].sort((a, b) => b.length - a.length);
    this.items(sort, () => {
      const name = longestFirst.find((one) => this.take(`${one}:`));
      if (name === undefined) return this.expected(sort, some(names.map((one) => `${one}: …`)));
      return found.set(name, this.value(of(name)));
    });
    if (names.some((name) => !found.has(name))) this.expected(sort, `all of ${names.join(', ')}`);
    return names.map((name) => found.get(name) as Encoded);
  }

  private items<T>(sort: Sort<unknown>, item: () => T): T[] {
    const [open, close] = brackets[sort.shape.kind];
    const closed = (): boolean => close.some((one) => this.take(one));
    if (!open.some((one) => this.take(one))) this.expected(sort, `${open[0]}…${close[0]}`);
    const all: T[] = [];
    if (closed()) return all;
    do {
      this.spaces();
      all.push(item());
    } while (this.take(','));
    if (!closed()) this.expected(sort, `, or ${close[0]}`);
    return all;
  }

  private take(word: string): boolean {
    this.spaces();
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private spaces(): void {
    while (this.text[this.at] === ' ') this.at++;
  }

  private expected(sort: Sort<unknown>, what: string): never {
    const rest = this.text.slice(this.at);
    throw new SortError(sort.name, `expected ${what} at ${rest === '' ? 'the end' : `"${rest}"`}`);
  }
}

const some = (words: readonly string[]): string =>
  words.length > 8 ? `${words.slice(0, 4).join(', ')}, … or ${words[words.length - 1]}` : words.join(' or ');
