/** The model without any edit: what every edit is compared with. */

/** What is known of the model without an edit. */
export interface Reference {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly seconds: number;
  /** Properties that are violated without any edit: no edit can break them. */
  readonly violated: readonly string[];
  /** Those that an edit may break. */
  readonly properties: readonly string[];
  /** Ids of the steps that never fired. */
  readonly neverFired: readonly string[];
  /** Ids of the guards that never refused. */
  readonly neverRefused: readonly string[];
  /** Texts of the edits that change no transition. */
  readonly sameGraph: readonly string[];
  /** By id of a step: the properties that look at a variable that it changes, or at what it announces. */
  readonly watchers: Readonly<Record<string, readonly string[]>>;
}

/** The properties that look at what any of these steps does. */
export function watchersOf({ watchers, properties }: Reference, steps: readonly string[]): string[] {
  const seen = new Set(steps.flatMap((step) => (Object.hasOwn(watchers, step) ? watchers[step] : [])));
  return properties.filter((id) => seen.has(id));
}

/** Does any of these steps change something, or announce it? */
export const doesSomething = ({ watchers }: Reference, steps: readonly string[]): boolean =>
  steps.some((step) => Object.hasOwn(watchers, step));
