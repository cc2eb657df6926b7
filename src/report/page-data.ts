/** What the script of a page is given, and what it and the server of `explore` say to each other. */
import type { PageStep, PageTrace } from './page-trace.js';

/** A command that a reader may want to copy. */
export interface PageCommand {
  readonly what: string;
  readonly line: string;
}

/** The data that stands in a page. */
export type PageData =
  | {
      readonly kind: 'trace';
      readonly trace: PageTrace;
      /** Of which model it is a variant; empty if of none. */
      readonly about: string;
      readonly commands: readonly PageCommand[];
      /** What the codes that stand in its texts mean, `W-22` and the like. */
      readonly codes: Readonly<Record<string, string>>;
    }
  /** `token` must come with every request; `starts` is the number of initial states. */
  | { readonly kind: 'walk'; readonly title: string; readonly token: string; readonly starts: number };

/** A walk by hand: an initial state, and the number of the move that was taken in each state since. */
export interface Moves {
  readonly start: number;
  readonly moves: readonly number[];
}

/** Something that can happen next. */
export interface PageMove {
  /** Its number in {@link Moves}. */
  readonly number: number;
  readonly step: PageStep;
}

/** What a property says of the end of a walk. `open` is not to be told from one state or path. */
export interface PageProperty {
  readonly id: string;
  readonly text: string;
  readonly kind: string;
  readonly standing: 'holds' | 'broken' | 'reached' | 'open';
  readonly because: string;
  /** The steps of the walk after which it was broken, or its goal reached; 0 for the initial state. */
  readonly after: readonly number[];
}

/** Where an actor is. */
export interface PageActor {
  readonly process: string;
  readonly hardware: boolean;
  /** Its place and locals; empty for hardware. */
  readonly place: string;
  readonly holds: readonly string[];
}

/** The answer to {@link Moves}. */
export interface PageWalk {
  readonly trace: PageTrace;
  readonly actors: readonly PageActor[];
  readonly next: readonly PageMove[];
  /** Steps that can't be taken because the model itself is at fault there. */
  readonly faults: readonly {
    readonly process: string;
    readonly action: string;
    readonly id: string;
    readonly message: string;
  }[];
  readonly properties: readonly PageProperty[];
}

/** The answer to a request that can't be met. */
export interface PageFailure {
  readonly error: string;
}

/** Asks for the walk as a trace file; `property` is one that is broken at its end, or a fault there, or `null`. */
export interface SaveRequest extends Moves {
  readonly property: string | null;
}

/** Where the file is. */
export interface Saved {
  readonly file: string;
}
