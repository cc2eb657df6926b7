/** Scopes: the typed parameters of a model. */
import { ModelError } from './errors.js';

/** One parameter of a scope. */
export type Parameter =
  | { readonly kind: 'int'; readonly default: number; readonly min: number; readonly max: number; readonly doc: string }
  | { readonly kind: 'choice'; readonly default: string; readonly choices: readonly string[]; readonly doc: string }
  | { readonly kind: 'flag'; readonly default: boolean; readonly doc: string };

export type ScopeSpec = Readonly<Record<string, Parameter>>;

/** The values of a scope. */
export type ScopeOf<S extends ScopeSpec> = {
  readonly [N in keyof S]: S[N] extends { kind: 'int' }
    ? number
    : S[N] extends { kind: 'flag' }
      ? boolean
      : S[N] extends { choices: readonly (infer C)[] }
        ? C
        : never;
};

/** A whole number between `min` and `max`. */
export const int = (value: number, min: number, max: number, doc: string) =>
  ({ kind: 'int', default: value, min, max, doc }) as const;
/** One of a few words; the first is the default. */
export const choice = <const C extends readonly [string, ...string[]]>(choices: C, doc: string) =>
  ({ kind: 'choice', default: choices[0] as C[number], choices: choices as readonly C[number][], doc }) as const;
/** Yes or no. */
export const flag = (value: boolean, doc: string) => ({ kind: 'flag', default: value, doc }) as const;

/**
 * Fills in defaults and checks what was given (texts, as from a command line, or values).
 * @throws ModelError naming the parameter, the value and what is allowed
 */
export function readScope(
  model: string,
  spec: ScopeSpec,
  given: Readonly<Record<string, unknown>>,
): Record<string, number | string | boolean> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(spec, name)) {
      const known = Object.keys(spec).join(', ') || 'none';
      throw new ModelError(`model ${model} has no scope parameter "${name}": it has ${known}`);
    }
  }
  return Object.fromEntries(
    Object.entries(spec).map(([name, parameter]) => [
      name,
      Object.hasOwn(given, name) ? readParameter(model, name, parameter, given[name]) : parameter.default,
    ]),
  );
}

function readParameter(model: string, name: string, parameter: Parameter, given: unknown): number | string | boolean {
  const text = String(given);
  const wrong = (allowed: string): never => {
    throw new ModelError(`scope of ${model}: ${name}=${text} is impossible: ${name} is ${allowed}`);
  };
  switch (parameter.kind) {
    case 'int': {
      const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
      if (!(value >= parameter.min && value <= parameter.max))
        wrong(`a whole number from ${parameter.min} to ${parameter.max}`);
      return value;
    }
    case 'choice':
      return parameter.choices.includes(text) ? text : wrong(`one of ${parameter.choices.join(', ')}`);
    case 'flag':
      return text === 'true' ? true : text === 'false' ? false : wrong('true or false');
  }
}
