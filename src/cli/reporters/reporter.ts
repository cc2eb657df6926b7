/** What a reporter is told, and what it must do. */
import type { Machine } from '../../language/index.js';
import type { SearchResult } from '../../explorer/index.js';
import type { Difference, Judged, Line, StoredTrace } from '../../report/index.js';
import type { ExitCode } from '../exit.js';
import type { JsonResult } from '../json.js';
import type { Found } from '../models.js';

/** A model that was to be checked. */
export interface Asked {
  readonly found: Found;
  readonly machine: Machine;
  /** The command that checks it again. */
  readonly reproduce: string;
}

/** What became of one model. */
export interface Checked extends Asked {
  /** Absent: the search broke down, and `broke` says why. */
  readonly result?: SearchResult;
  readonly broke?: string;
  readonly judged: readonly Judged[];
  /** By property id; those of one property in the order of their files in `paths`. */
  readonly stored: ReadonlyMap<string, readonly StoredTrace[]>;
  /** Trace files as the user can name them, by property id. */
  readonly paths: ReadonlyMap<string, readonly string[]>;
  /** Source positions `file:line` as the traces print them, with what they are in full. */
  readonly places: ReadonlyMap<string, string>;
  /** Traces that could not be written, and why. */
  readonly failures: readonly string[];
  /** Not as the baseline has it. Absent: it was not compared. */
  readonly differences?: readonly Difference[];
  readonly code: ExitCode;
  /** Makes the report for people, for the reporter that prints it. */
  text(): readonly Line[];
  readonly json: JsonResult;
}

/** What was compared with a baseline. */
export interface Compared {
  /** As the user named it. */
  readonly file: string;
  /** How many models were compared; those that were not searched in full are not. */
  readonly compared: number;
  /** How many were to be. */
  readonly of: number;
}

/** What became of them all. */
export interface Ended {
  /** Interrupted before their turn. */
  readonly unchecked: readonly Asked[];
  /** Differences from the baseline that belong to no model that was checked. */
  readonly differences: readonly Difference[];
  /** Absent: there was none to compare with. */
  readonly baseline?: Compared;
  readonly code: ExitCode;
}

/** Turns results into one format. What it returns goes to its stream or file, in order. */
export interface Reporter {
  /** One model is done. Text to be written at once; formats that are one document return nothing yet. */
  model(checked: Checked): string;
  /** All are done. */
  end(ended: Ended): string;
}
