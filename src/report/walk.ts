/** A walk by hand through a model: what can happen next, what holds here, and the walk as a trace. */
import { execute, type Offer } from '../explorer/execute.js';
import type { Trace, TraceStep } from '../explorer/result.js';
import type { Machine, MachineProperty } from '../language/index.js';
import { allIdle, judgeEnd, type Point, type Standing } from './judge.js';
import type { Moves, PageActor, PageMove, PageProperty, PageWalk } from './page-data.js';
import { pageTrace, visible } from './page-trace.js';
import { recordTrace, type Setting } from './record.js';
import type { StoredTrace } from './stored-trace.js';

/** A walk that can't be taken, or not be recorded as asked. */
export class WalkError extends Error {
  override readonly name = 'WalkError';
}

/** A state of the walk, with all that is asked of it. */
interface Stop {
  readonly point: Point;
  readonly offers: readonly Offer[];
  readonly faults: ReturnType<typeof execute>['faults'];
  readonly standings: readonly (Standing | null)[];
}

/** Takes walks through one machine. It remembers the last one, of which the next is mostly a step more or less. */
export class Walker {
  private last: { readonly start: number; readonly moves: readonly number[]; readonly stops: readonly Stop[] } = {
    start: -1,
    moves: [],
    stops: [],
  };

  constructor(
    private readonly machine: Machine,
    private readonly setting: Setting,
  ) {}

  /** The end of a walk, and the way there. @throws WalkError for moves that there are not */
  walk(moves: Moves): PageWalk {
    const stops = this.follow(moves);
    const end = stops[stops.length - 1];
    const trace = pageTrace(
      this.traceOf(stops, { property: 'walk', kind: 'walk', because: '', guilty: {} }),
      this.machine.variables,
    );
    return {
      trace,
      ...visible({
        actors: this.actors(end),
        faults: end.faults.map(({ process, action, fault: { id, message } }) => ({ process, action, id, message })),
        properties: this.properties(stops),
      }),
      next: this.next(end),
    };
  }

  /**
   * The walk as it can be stored: as a counterexample to a property that is broken at its end, or to a step that can't
   * be taken there, or as a mere walk.
   * @throws WalkError if the property is not broken there
   */
  record(moves: Moves, property: string | null): StoredTrace {
    const stops = this.follow(moves);
    if (property === null) return this.traceOf(stops, { property: 'walk', kind: 'walk', because: '', guilty: {} });
    const end = stops[stops.length - 1];
    const faulting = end.faults.find(({ fault }) => fault.id === property);
    if (faulting) {
      const because = faulting.fault.message;
      return this.traceOf(stops, { property, kind: 'fault', because, guilty: {}, faulting });
    }
    const i = this.machine.properties.findIndex(({ id }) => id === property);
    const standing = end.standings[i] ?? undefined;
    if (standing?.kind !== 'violated') throw new WalkError(`${property} is not broken at the end of this walk`);
    const { because, guilty = {} } = standing;
    return this.traceOf(stops, { property, kind: this.machine.properties[i].kind, because, guilty });
  }

  private follow({ start, moves }: Moves): readonly Stop[] {
    const { initialStates } = this.machine;
    if (start >= initialStates.length) throw new WalkError(`there are ${initialStates.length} initial states, no more`);
    const { last } = this;
    let known = 0;
    if (last.start === start) while (known < moves.length && moves[known] === last.moves[known]) known++;
    const stops = last.start === start ? last.stops.slice(0, known + 1) : [this.stop({ state: initialStates[start] })];
    for (const [i, move] of moves.entries()) {
      if (i < stops.length - 1) continue;
      const { point, offers } = stops[i];
      const offer = offers.at(move);
      if (!offer)
        throw new WalkError(`after step ${i} there are ${offers.length} moves: number ${move} is none of them`);
      stops.push(this.stop({ state: offer.state, from: { point, offer } }));
    }
    this.last = { start, moves, stops };
    return stops;
  }

  private stop(point: Point): Stop {
    const standings = this.machine.properties.map((property) =>
      decided.has(property.kind) ? judgeEnd(this.machine, property, point, { loop: null, guilty: {} }) : null,
    );
    return { point, ...execute(this.machine, point.state), standings };
  }

  private next({ point, offers }: Stop): PageMove[] {
    return offers.map((offer, number) => {
      const one = { property: 'walk', kind: 'walk', because: '', guilty: {}, initial: point.state } as const;
      const recorded = recordTrace(this.machine, { ...one, steps: [stepOf(offer)] }, this.setting);
      return { number, step: pageTrace(recorded).steps[0] };
    });
  }

  private traceOf(stops: readonly Stop[], about: Omit<Trace, 'initial' | 'steps'>): StoredTrace {
    const steps = stops.flatMap(({ point: { from } }) => (from ? [stepOf(from.offer)] : []));
    return recordTrace(this.machine, { ...about, initial: stops[0].point.state, steps }, this.setting);
  }

  private actors({ point: { state } }: Stop): PageActor[] {
    const { variables, processes } = this.machine;
    return processes.map(({ name, frame, held }) => ({
      process: name,
      hardware: frame < 0,
      place: frame < 0 ? '' : variables[frame].sort.print(state[frame]),
      holds: frame < 0 ? [] : held(state[frame]).map((lock) => variables[lock].name),
    }));
  }

  private properties(stops: readonly Stop[]): PageProperty[] {
    const { point } = stops[stops.length - 1];
    return this.machine.properties.map((property, i) => {
      const { id, text, kind } = property;
      const after = stops.flatMap(({ standings }, n) => (standings[i]?.kind === 'violated' ? [n] : []));
      const standing = stops[stops.length - 1].standings[i];
      return { id, text, kind, after, ...this.said(property, standing, point) };
    });
  }

  private said(
    { kind }: MachineProperty,
    standing: Standing | null,
    { state }: Point,
  ): Pick<PageProperty, 'standing' | 'because'> {
    if (standing === null) return { standing: 'open', because: undecidable[kind] ?? '' };
    const { because } = standing;
    if (standing.kind === 'violated') return { standing: kind === 'reachable' ? 'reached' : 'broken', because };
    const asked = kind !== 'reachable' && (kind !== 'quiescent' || allIdle(this.machine, state));
    return asked && standing.kind === 'gone' ? { standing: 'holds', because: '' } : { standing: 'open', because };
  }
}

const stepOf = ({ process, action, outcome: { label, emits }, state }: Offer): TraceStep => ({
  process,
  action,
  label,
  emits,
  state,
});

/** Kinds of properties that a state, or the step into it, decides. */
const decided: ReadonlySet<MachineProperty['kind']> = new Set([
  'invariant',
  'quiescent',
  'reachable',
  'transition',
  'deadlock-free',
]);

/** Why the others are not decided here. */
const undecidable: Partial<Record<MachineProperty['kind'], string>> = {
  'always-possible': 'it is about all that may follow: "ringfence check" decides it',
  'wedge-free': 'it is about all that may follow: "ringfence check" decides it',
  'leads-to': 'it is about runs that never end: "ringfence check" decides it',
  'lock-order': 'it is about all runs together: "ringfence check" decides it',
};
