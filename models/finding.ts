/** A finding: something that the code or the text that this project was made from has, or was suspected to have. */
export interface Finding {
  /** An id of the domain brief (SB-6, W-63), or one of our own. */
  readonly id: string;
  /** Where it is: the document or the code. */
  readonly in: string;
  /** One sentence. */
  readonly text: string;
  /** `confirmed`: the checker shows it. `refuted`: it shows the opposite. */
  readonly verdict: 'confirmed' | 'refuted';
  /** Where the checker shows it: at the default scope of a model, or in a row of seeded defects. */
  readonly seen: readonly (Seen | SeenDefect)[];
  /** The guard, the order or the variant without it. */
  readonly mend: string;
}

/** A property that is violated (or holds, where the finding is refuted) at the default scope of a model. */
export interface Seen {
  readonly model: string;
  readonly properties: readonly string[];
}

/** The row of `defects` with this id, model and edits. */
export interface SeenDefect {
  readonly defect: string;
  readonly model: string;
  readonly edits: readonly string[];
}
