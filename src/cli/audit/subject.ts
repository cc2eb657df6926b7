/** One model to audit: built, its edits listed, before anything is explored. */
import { build, describe, type Machine } from '../../language/index.js';
import { auditEdits, kinds, usualKinds, type AuditEdit } from '../../audit/edits.js';
import type { Reference } from '../../audit/reference.js';
import { InputError } from '../exit.js';
import type { Found } from '../models.js';
import { commandLine } from '../options.js';
import { reproduce } from '../reproduce.js';
import { traceName } from '../trace-output.js';
import { picks, type AuditOptions } from './options.js';
import type { Common } from './pool.js';

export interface Subject {
  readonly found: Found;
  readonly machine: Machine;
  /** All edits of all kinds: the number of each stands in the names of its traces. */
  readonly all: readonly AuditEdit[];
  /** Those to try. */
  readonly edits: readonly AuditEdit[];
  /** Properties that an edit may break: goals to be reached are none. */
  readonly asked: readonly string[];
  readonly common: Common;
}

/** @throws ModelError, InputError */
export function prepare(found: Found, options: AuditOptions, cwd: string): Subject {
  const { scope, deny: denied, property, only, kind = usualKinds, minimal } = options;
  const properties = property.length > 0 ? property : undefined;
  const machine = build(found.model, { scope, denied, properties });
  const all = auditEdits(describe(found.model, { scope, denied }), kinds);
  const wanted = minimal ? ['pass'] : kind;
  const edits = all.filter((edit) => wanted.includes(edit.kind) && (only === undefined || picks(only, edit)));
  const asked = machine.properties.flatMap((one) => (one.kind === 'reachable' ? [] : [one.id]));
  if (asked.length === 0) throw new InputError(`${machine.model} has no property that an edit could break`);
  const { maxStates, maxMemory, timeout, workers: _ } = options;
  const source = {
    module: found.module,
    model: machine.model,
    scope: machine.scope,
    edits: [],
    denied: machine.denied,
  };
  const common = { source, limits: { maxStates, maxMemory, timeout }, file: found.file, cwd };
  return { found, machine, all, edits, asked, common };
}

/** The model's name with what is special about its scope, as a part of file names. */
export function fileName({ found: { model }, machine }: Subject): string {
  const special = Object.entries(machine.scope).filter(([name, value]) => model.scope[name].default !== value);
  const words = [...special.map(([name, value]) => `${name}=${value}`), ...machine.denied.map((id) => `without-${id}`)];
  return traceName(model.name, words.join('-')).replace(/-?\.trace$/, '');
}

/** The command that checks the model with these edits. */
export function checkCommand(
  { found, machine }: Subject,
  { violated, properties }: Reference,
  edits: readonly string[],
  options: AuditOptions,
): string {
  const property = violated.length > 0 || options.property.length > 0 ? properties : [];
  return reproduce(found, machine, { edits, property, stopAtFirst: edits.length === 1 });
}

/** The command that goes on with this audit. */
export function auditCommand({ found, machine }: Subject, options: AuditOptions): string {
  const [, , , name, ...rest] = reproduce(found, machine, { edits: [], property: options.property }).split(' ');
  const more = [...(options.out === 'results/runs' ? [] : ['--out', options.out])];
  const only = [
    ...(options.kind ? ['--kind', options.kind.join()] : []),
    ...(options.only ? ['--only', options.only] : []),
  ];
  return ['npx ringfence audit', name, ...rest, commandLine([...only, ...more])]
    .filter((word) => word !== '')
    .join(' ');
}
