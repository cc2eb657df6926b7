/** Locals as spec functions see them. */
import { UnsetLocalError } from './frame.js';

/** All set locals of a frame by full name: `<scope>.<local>`. */
export type LocalValues = Map<string, unknown>;

/** The locals of one scope: reading one that is unset throws {@link UnsetLocalError}, writing throws TypeError. */
export function localsView(locals: ReadonlyMap<string, unknown>, scope: string): unknown {
  return new Proxy(Object.freeze(Object.create(null)) as object, {
    get(_, name) {
      if (typeof name !== 'string') return undefined;
      const full = `${scope}.${name}`;
      if (!locals.has(full)) throw new UnsetLocalError(name);
      return locals.get(full);
    },
    has: (_, name) => typeof name === 'string' && locals.has(`${scope}.${name}`),
  });
}

/** Sets locals of one scope. A value of `undefined` unsets. */
export function setLocals(locals: LocalValues, scope: string, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) locals.delete(`${scope}.${name}`);
    else locals.set(`${scope}.${name}`, value);
  }
}
