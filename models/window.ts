/** A window, as data: where the real code is not atomic. */

/** One window. */
export interface Window {
  /** `W-22`. */
  readonly id: string;
  /** The steps that it lies between. */
  readonly between: string;
  /** Who may come in, and what goes wrong then. */
  readonly danger: string;
  /** What closes it in the real code, or that nothing does. */
  readonly guard: string;
  /** Scenarios that it is part of. Those without a model are not written yet. */
  readonly scenarios: readonly string[];
}

/** A window; its scenarios come last. */
export const window = (
  id: string,
  between: string,
  danger: string,
  guard: string,
  ...scenarios: readonly string[]
): Window => ({ id, between, danger, guard, scenarios });

/** No guard was found in the real code. */
export const NONE = 'nothing';
