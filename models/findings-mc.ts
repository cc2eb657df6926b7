/** What was decided about the memory controller (B11). */
import type { Finding } from './finding.js';

export const memoryControllerFindings: readonly Finding[] = [
  {
    id: 'D-18',
    in: 'the published trap filter of the memory controller',
    text: 'The security register and StreamID 0 are not filtered: a client presents another device’s StreamID.',
    verdict: 'confirmed',
    seen: [{ model: 'SC-10/published-filter', properties: ['I-4', 'I-5'] }],
    mend: 'SC-10: a filter over what the client can present afterwards, under a lock',
  },
  {
    id: 'D-41',
    in: 'the published driver of the memory controller',
    text: 'The registers’ page is shared, not donated, and nobody looks at what the registers hold when EL2 takes them over.',
    verdict: 'confirmed',
    seen: [{ model: 'SC-10/published', properties: ['I-4', 'I-5', 'I-8'] }],
    mend: 'SC-10: the page is donated, then each client is programmed and read back',
  },
  {
    id: 'D-20',
    in: 'the published resume of the memory controller',
    text: 'After a suspend clients run with what firmware left, until EL1 has stored their StreamIDs.',
    verdict: 'confirmed',
    seen: [{ model: 'SC-10/published-resume', properties: ['I-4', 'I-5'] }],
    mend: 'SC-10: EL2 programs and reads back before any client may access memory',
  },
];
