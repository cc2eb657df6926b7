/** Interning: every distinct value of every variable is a small integer, the same in every worker. */
import { decode, encode } from '@msgpack/msgpack';
import { keyOf, type Encoded, type Machine, type Sort } from '../language/index.js';
import type { ValueLog } from './value-log.js';

interface Values {
  readonly sort: Sort<unknown>;
  readonly codes: Map<string, number>;
  readonly values: unknown[];
}

/** The codes of one machine's values. Codes are dense per variable; code 0 is the first initial value (idle, for frames). */
export class Interner {
  private readonly variables: readonly Values[];

  /** @param log shared between workers; without it codes are this thread's own */
  constructor(
    machine: Machine,
    private readonly log?: ValueLog,
  ) {
    this.variables = machine.variables.map(({ sort }) => ({ sort, codes: new Map(), values: [] }));
    if (log) this.catchUp();
  }

  /** The code of a value, a new one if it was never seen. @throws SortError if the value is outside its sort */
  code(variable: number, value: unknown): number {
    const own = this.variables[variable];
    const key = keyOf(own.sort, value);
    const known = own.codes.get(key);
    if (known !== undefined) return known;
    if (!this.log) return this.add(own, key, value);
    return this.log.exclusively(() => {
      this.catchUp();
      const meanwhile = own.codes.get(key);
      if (meanwhile !== undefined) return meanwhile;
      this.log!.append(encode([variable, own.sort.encode(value)]));
      return this.add(own, key, value);
    });
  }

  /** The value of a code, from whichever worker interned it. */
  value(variable: number, code: number): unknown {
    const { values } = this.variables[variable];
    if (code >= values.length) this.catchUp();
    if (code >= values.length)
      throw new Error(`no value of variable ${variable} has code ${code}: the state is corrupt`);
    return values[code];
  }

  /** How many values of a variable are known. */
  count(variable: number): number {
    return this.variables[variable].values.length;
  }

  /** Takes in what other workers have interned. */
  catchUp(): void {
    for (const record of this.log?.unread() ?? []) {
      const [variable, encoded] = decode(record) as [number, Encoded];
      const own = this.variables[variable];
      const value = own.sort.decode(encoded);
      this.add(own, keyOf(own.sort, value), value);
    }
  }

  private add({ codes, values }: Values, key: string, value: unknown): number {
    const code = values.length;
    codes.set(key, code);
    values.push(value);
    return code;
  }
}
