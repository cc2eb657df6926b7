/** How far random walks went, as text. */
import type { Simulation } from '../explorer/simulate.js';
import { count, duration, plural, styled, type Line } from './lines.js';
import { row } from './summary.js';

/** Walks, steps, states, and whether more walks would still find new ones. */
export function simulationLines(simulation: Simulation): Line[] {
  const { walks, steps, states, seconds, seed, deadlocks, lately, specCalls, incomplete } = simulation;
  const stuck = deadlocks > 0 ? `, ${count(deadlocks)} of them to where nothing moves` : '';
  const fresh = lately.steps === 0 ? 0 : Math.round((100 * lately.fresh) / lately.steps);
  return [
    row(
      'walked',
      `${plural(walks, 'walk')}${stuck}, ${plural(steps, 'step')}, seed ${seed}, `,
      styled('warn', incomplete.why),
    ),
    row(
      'met',
      `about ${plural(states, 'distinct state')} (counted by hashes); ${fresh}% of the last ${plural(lately.steps, 'step')} met new ones`,
    ),
    row(
      'took',
      `${duration(seconds)}, ${plural(Math.round(steps / Math.max(seconds, 0.001)), 'step')} a second, spec code called ${plural(specCalls, 'time')}`,
    ),
  ];
}
