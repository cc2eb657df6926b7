/** A seeded defect of the domain brief (section e), as an edit of a scenario or as a named variant of it. */
export interface Defect {
  /** The brief's id, `D-16`. */
  readonly id: string;
  /** What is removed or turned round, in words. */
  readonly what: string;
  /** The model it is tried on, `SC-10` or a variant `SC-10/upstream`. */
  readonly model: string;
  /** Scope parameters other than the model's defaults: the smallest scope that shows it. */
  readonly scope?: Readonly<Record<string, number | string | boolean>>;
  /** Edits as a command line gives them; none if the variant is the defect. */
  readonly edits: readonly string[];
  /** Assumptions to do without, instead of edits or beside them. */
  readonly deny?: readonly string[];
  /** The properties that break, with the length of the shortest counterexample in transitions: all of them, no others. */
  readonly violates: Readonly<Record<string, number>>;
  /** The properties that the brief names. Those not in `violates` need a `note`. */
  readonly brief: readonly string[];
  /**
   * The shortest counterexample in macro steps (handler invocations, hardware and environment events): here and in the
   * brief. `of` is the property; without it, the first of `brief` that breaks.
   */
  readonly macro?: { readonly here: number; readonly brief: number; readonly of?: string };
  /** Why it differs from the brief, or what else a reader should know. */
  readonly note?: string;
}
