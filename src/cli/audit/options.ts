/** Options of `audit` as the user gave them. */
import { InvalidArgumentError } from 'commander';
import { kinds, type AuditEdit, type Kind } from '../../audit/edits.js';
import type { CheckOptions } from '../options.js';

export interface AuditOptions extends Pick<
  CheckOptions,
  'scope' | 'property' | 'deny' | 'workers' | 'maxMemory' | 'timeout' | 'json' | 'out'
> {
  /** Kinds of edits to try; the usual ones without it. */
  readonly kind?: readonly Kind[];
  /** Only edits whose text has these pieces, in this order. */
  readonly only?: string;
  /** Of each search. */
  readonly maxStates: number;
  /** Takes up nothing that an earlier audit has found. */
  readonly fresh: boolean;
  /** Instead: a set of guards of which none can go. */
  readonly minimal: boolean;
  readonly verbose: boolean;
}

/** `drop,pass`. */
export function kindOption(text: string, before: readonly Kind[] = []): Kind[] {
  const added = text.split(',').map((word) => {
    const kind = kinds.find((one) => one === word.trim());
    if (!kind) throw new InvalidArgumentError(`"${word.trim()}" is no kind of edit: there are ${kinds.join(', ')}`);
    return kind;
  });
  return [...before, ...added];
}

/** Does a pattern name this edit? `*` stands for anything; the rest must be there, in order. */
export function picks(pattern: string, { text }: Pick<AuditEdit, 'text'>): boolean {
  const whole = text.toLowerCase();
  let at = 0;
  for (const piece of pattern.toLowerCase().split('*')) {
    const found = whole.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return true;
}
