/** What an audit says of each edit, and of all of a kind. */
import type { AuditEdit, Kind } from './edits.js';
import type { EditClass, Outcome } from './outcome.js';
import { classOf, shortestAttack } from './outcome.js';
import { doesSomething, watchersOf, type Reference } from './reference.js';

/** One edit with what was found. */
export interface Row {
  readonly edit: AuditEdit;
  readonly outcome: Outcome;
  readonly class: EditClass;
  /** Transitions of the shortest attack, if there is one. */
  readonly length: number | undefined;
  /** The step never fires, or the guard never refuses: the scope never asks for it. */
  readonly idle: boolean;
  /** Of `redundant`: the properties that look at what the edited steps do. */
  readonly watchers: readonly string[];
  /** In words: what is broken, or why nothing is known to be. */
  readonly note: string;
}

/** Joins an edit with its outcome. */
export function rowOf(edit: AuditEdit, outcome: Outcome, reference: Reference): Row {
  const own = classOf(outcome);
  const idle = edit.guard === undefined ? neverFires(edit, reference) : reference.neverRefused.includes(edit.guard);
  const watchers = own === 'redundant' ? watchersOf(reference, edit.steps) : [];
  const row = { edit, outcome, class: own, length: shortestAttack(outcome), idle, watchers };
  return { ...row, note: noteOf(row, reference) };
}

const neverFires = ({ steps }: AuditEdit, { neverFired }: Reference): boolean =>
  steps.length > 0 && steps.every((step) => neverFired.includes(step));

function noteOf({ edit, outcome, class: own, idle, watchers }: Omit<Row, 'note'>, reference: Reference): string {
  const { broken, faults, incomplete, undecided, failed } = outcome;
  switch (own) {
    case 'failed':
      return failed;
    case 'load-bearing':
      return broken.map(({ id }) => id).join(' ') + (incomplete === '' ? '' : ` (and maybe more: ${incomplete})`);
    case 'meaningless':
      return faults.join('; ');
    case 'incomplete':
      return incomplete === ''
        ? undecided.map(({ id, reason }) => `${id} undecided: ${reason}`).join('; ')
        : incomplete;
    case 'redundant': {
      if (idle) return edit.guard === undefined ? 'never fires here' : 'never refuses here';
      if (outcome.sameGraph) return 'changes no transition: something else refuses the same';
      return watched(edit, watchers, reference);
    }
  }
}

function watched({ kind, steps }: AuditEdit, watchers: readonly string[], reference: Reference): string {
  if (!doesSomething(reference, steps)) return 'changes nothing but where its handler is';
  const what = { pass: 'comes behind it', drop: 'it does', swap: 'the two do', unlock: 'it encloses', call: 'it does' };
  return watchers.length > 0
    ? `${watchers.join(' ')} ${watchers.length === 1 ? 'looks' : 'look'} at what ${what[kind]}`
    : `no property looks at what ${what[kind]}`;
}

/** How many edits of a kind are of each class. */
export interface Tally {
  readonly kind: Kind;
  /** All that were to be explored; some may not have been. */
  readonly all: number;
  readonly loadBearing: number;
  readonly redundant: number;
  /** Of those: never asked for in this scope. */
  readonly idle: number;
  readonly meaningless: number;
  readonly undecided: number;
}

/** One tally for each kind that has edits, in their order. */
export function tallies(edits: readonly AuditEdit[], rows: readonly Row[]): Tally[] {
  const found = [...new Set(edits.map(({ kind }) => kind))];
  return found.map((kind) => {
    const own = rows.filter(({ edit }) => edit.kind === kind);
    const all = edits.filter((edit) => edit.kind === kind).length;
    const of = (wanted: EditClass): Row[] => own.filter((row) => row.class === wanted);
    const [loadBearing, meaningless] = [of('load-bearing').length, of('meaningless').length];
    const redundant = of('redundant');
    return {
      kind,
      all,
      loadBearing,
      redundant: redundant.length,
      idle: redundant.filter(({ idle }) => idle).length,
      meaningless,
      undecided: all - loadBearing - redundant.length - meaningless,
    };
  });
}
