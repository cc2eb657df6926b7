/** One model's result for machines: one object a line. Fields are only ever added. */
import type { Machine } from '../language/index.js';
import type { LockEdge, SearchResult } from '../explorer/index.js';
import type { Coverage, Difference, Judged, Profile, StoredImpasse, StoredTrace } from '../report/index.js';

/** What `--json` prints of a model. */
export interface JsonResult {
  readonly model: string;
  readonly scope: Machine['scope'];
  readonly edits: readonly string[];
  readonly denied: readonly string[];
  readonly verdict: SearchResult['verdict'];
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly deadlocks: number;
  readonly seconds: number;
  readonly workers: number;
  readonly specCalls: number;
  readonly bytesPerState: number;
  readonly properties: readonly JsonProperty[];
  /** Properties that are expected to be violated; all others are expected to hold. */
  readonly expected: Readonly<Record<string, 'violated'>>;
  readonly asExpected: boolean;
  readonly incomplete?: { readonly why: string; readonly detail: string };
  /** Those that the verdict rests on. */
  readonly assumptions: readonly string[];
  readonly digest: string;
  /** Which locks are taken under which. */
  readonly locks?: readonly JsonLockEdge[];
  /** With `--coverage`. */
  readonly coverage?: Coverage;
  /** With `--baseline`: what is not as the baseline has it. */
  readonly differences?: readonly Difference[];
  /** With `--profile`. */
  readonly profile?: Profile;
  /** Why there is no result. */
  readonly error?: string;
}

interface JsonProperty {
  readonly id: string;
  readonly kind: string;
  readonly verdict: string;
  readonly length?: number;
  readonly trace?: string;
  /** How many steps of the counterexample come before its loop; all of them: it stays as it is for ever. */
  readonly loop?: number;
  /** More traces of one finding. */
  readonly further?: readonly string[];
  readonly reason?: string;
  readonly vacuous?: true;
  /** What stands in the way at the end of the trace, where it was looked for. */
  readonly impasse?: JsonImpasse;
}

/** Names of the variables that an impasse speaks of, by their number in it. */
interface JsonImpasse extends StoredImpasse {
  readonly variables: Readonly<Record<number, string>>;
}

/** The object of a search that ended. */
export function jsonResult(
  result: SearchResult,
  judged: readonly Judged[],
  traces: ReadonlyMap<string, readonly string[]>,
  { coverage, profile, stored }: Pick<JsonResult, 'coverage' | 'profile'> & { readonly stored?: Stored } = {},
): JsonResult {
  const {
    machine,
    verdict,
    states,
    transitions,
    depth,
    deadlocks,
    seconds,
    workers,
    specCalls,
    bytesPerState,
    incomplete,
  } = result;
  return {
    model: machine.model,
    scope: machine.scope,
    edits: machine.edits,
    denied: machine.denied,
    verdict,
    states,
    transitions,
    depth,
    deadlocks,
    seconds,
    workers,
    specCalls,
    bytesPerState,
    properties: propertiesOf(judged, traces, stored),
    expected: Object.fromEntries(
      judged.filter(({ expected }) => expected === 'violated').map(({ result: { id } }) => [id, 'violated' as const]),
    ),
    asExpected: judged.every(({ asExpected }) => asExpected),
    ...(incomplete ? { incomplete: { why: incomplete.why, detail: incomplete.detail } } : {}),
    assumptions: ledger(machine),
    digest: machine.digest,
    locks: result.locks.map(jsonEdge),
    ...(coverage ? { coverage } : {}),
    ...(profile ? { profile } : {}),
  };
}

/** Traces by property. */
type Stored = ReadonlyMap<string, readonly StoredTrace[]>;

/** What is said of each property; `traces` are files by property, `stored` what is in them. */
export const propertiesOf = (
  judged: readonly Judged[],
  traces: ReadonlyMap<string, readonly string[]>,
  stored: Stored = new Map(),
): readonly JsonProperty[] =>
  judged.map(({ result: { id, kind, verdict, length, reason, vacuous, trace } }) => ({
    id,
    kind,
    verdict,
    ...(length === undefined ? {} : { length }),
    ...tracesOf(traces.get(id) ?? []),
    ...(trace?.loop === undefined ? {} : { loop: trace.loop }),
    ...(reason === undefined ? {} : { reason }),
    ...(vacuous ? { vacuous } : {}),
    ...impasseOf(stored.get(id)?.[0]),
  }));

function impasseOf(trace: StoredTrace | undefined): Pick<JsonProperty, 'impasse'> {
  if (!trace?.impasse) return {};
  const { goal, refusals, waits } = trace.impasse;
  const named = [goal, ...[...refusals, ...waits].map(({ reads }) => reads)].flat();
  const variables = Object.fromEntries(named.map(({ variable }) => [variable, trace.variables[variable].name]));
  return { impasse: { variables, ...trace.impasse } };
}

const tracesOf = ([trace, ...further]: readonly string[]): Pick<JsonProperty, 'trace' | 'further'> =>
  trace === undefined ? {} : { trace, ...(further.length > 0 ? { further } : {}) };

/** One edge of the lock-order graph. */
export type JsonLockEdge = Pick<LockEdge, 'held' | 'taken' | 'sleeps' | 'where'>;
export const jsonEdge = ({ held, taken, sleeps, where }: LockEdge): JsonLockEdge => ({ held, taken, sleeps, where });

const ledger = ({ assumptions, denied }: Machine): string[] =>
  assumptions.map(({ id }) => id).filter((id) => !denied.includes(id));

/** The object of a search that broke down. */
export function jsonFailure(machine: Machine, workers: number, error: string): JsonResult {
  const { model, scope, edits, denied, digest } = machine;
  return {
    model,
    scope,
    edits,
    denied,
    verdict: 'error',
    states: 0,
    transitions: 0,
    depth: 0,
    deadlocks: 0,
    seconds: 0,
    workers,
    specCalls: 0,
    bytesPerState: 0,
    properties: [],
    expected: {},
    asExpected: false,
    assumptions: ledger(machine),
    digest,
    error,
  };
}
