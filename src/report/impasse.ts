/** What stands in the way behind the end of a trace, in words: for the terminal and for the page. */
import type { StoredImpasse, StoredReading, StoredTrace } from './stored-trace.js';
import { count, plural } from './lines.js';
import { enumeration } from './words.js';

/** One thing that is to be said. */
export interface ImpasseRow {
  readonly title: 'behind' | 'stays' | 'refuses' | 'waits' | 'choice';
  readonly text: string;
  /** What it would take; mostly empty. */
  readonly remedy: string;
}

type About = Pick<StoredTrace, 'property' | 'loop' | 'steps'> & {
  readonly variables: readonly { readonly name: string; readonly kind: string }[];
};

/** Names and values beyond these are left out. */
const MANY = 3;
const LONG = 90;

/** Rows in the order of how much they say: what is enough, who waits for what, other refusals. */
export function impasseRows(trace: About, impasse: StoredImpasse): ImpasseRow[] {
  const { refusals, waits, goal } = impasse;
  const row = (title: ImpasseRow['title'], text: string, remedy = ''): ImpasseRow => ({ title, text, remedy });
  const summary = row('behind', summaryWords(trace, impasse));
  if (impasse.cut) return [summary];
  const kept = goal.filter(({ variable, stays }) => stays && trace.variables[variable].kind !== 'frame');
  const refused = refusals.map((refusal) => ({
    enough: refusal.enough,
    row: row('refuses', refusalWords(trace, refusal), refusal.enough ? remedy(refusal) : ''),
  }));
  return [
    summary,
    ...(kept.length > 0
      ? [row('stays', `${readingWords(trace, kept)}, and the goal looks at ${kept.length > 1 ? 'them' : 'it'}`)]
      : []),
    ...refused.filter(({ enough }) => enough).map((one) => one.row),
    ...choiceWords(impasse).map((text) => row('choice', text)),
    ...waits.map((wait) => row('waits', waitWords(trace, wait))),
    ...refused.filter(({ enough }) => !enough).map((one) => one.row),
  ];
}

function summaryWords({ loop, steps }: About, { states, cut, ends }: StoredImpasse): string {
  if (loop !== null)
    return loop === steps.length
      ? 'nothing that has to happen changes this state'
      : `the loop goes through ${plural(states, 'state')}, and the goal is in none of them`;
  if (cut)
    return `more than ${plural(states, 'state')} can follow, none with the goal: too many to say what they have in common`;
  const follow =
    states === 1 ? 'no other state can follow' : `${plural(states, 'state')} can follow, none with the goal`;
  if (ends === 0) return `${follow}. Something can always move there: no deadlock, but no way out`;
  return `${follow}; ${ends === states ? 'nothing moves any more' : `in ${count(ends)} of them nothing moves any more`}`;
}

/** `start: LOAD_FW/TA/load always ends with BAD_STATE: guard is-not-STARTED (...) refuses, since TA state stays STARTED`. */
function refusalWords(
  trace: About,
  { guard, doc, steps, processes, labels, reads }: StoredImpasse['refusals'][number],
): string {
  const who = `${some(processes)}: ${stepWords(steps)}`;
  const ended = labels.filter((label) => label !== '');
  const what =
    ended.length > 0
      ? `always ends with ${ended.join(' or ')}`
      : labels.length > 0
        ? 'is always refused'
        : 'waits for ever';
  const why = guard === '' ? '' : `: guard ${guard} refuses${doc === '' ? '' : ` (${doc})`}`;
  return `${who} ${what}${why}${since(trace, reads, guard === '' ? ': ' : ', since ')}`;
}

const remedy = ({ guard }: { readonly guard: string }): string => `did ${guard} let it pass, the goal could be reached`;

function waitWords(trace: About, { process, steps, at, reads }: StoredImpasse['waits'][number]): string {
  const labels = steps.map((step) =>
    at === 'rule' ? step.slice(step.indexOf('/') + 1) : at === 'idle' ? step.split('/')[0] : shortened(step),
  );
  const what = { idle: 'can’t begin', program: 'waits for ever at', rule: 'never does' }[at];
  return `${process} ${what} ${some([...new Set(labels)])}${since(trace, reads, ': ')}`;
}

function choiceWords({ choices, aside, states }: StoredImpasse): string[] {
  const named = ({ process, action }: { process: string; action: string }): string => `${process} ${shortened(action)}`;
  const may = choices.filter(({ why }) => why === 'may');
  const otherwise = choices.filter(({ why }) => why === 'otherwise');
  const numbered = (all: typeof choices): string => some(all.map((one) => `${one.step} (${named(one)})`));
  const step = (all: typeof choices): string => (all.length === 1 ? 'step' : 'steps');
  const left = aside.filter(({ at }) => at !== 'idle');
  return [
    ...(may.length > 0
      ? [`it goes round by ${step(may)} ${numbered(may)}, which nobody has to take, and may always be taken`]
      : []),
    ...(otherwise.length > 0
      ? [
          `${step(otherwise)} ${numbered(otherwise)} could end otherwise: a step has to be taken, but not with one certain outcome`,
        ]
      : []),
    ...left.map(
      (one) =>
        `${named(one)} could be taken in ${count(one.enabled)} of ${plural(states, 'state')}, and does not have to be`,
    ),
  ];
}

/** What they look at: a lock that is held; what never changes; what it was each time; or at least which variables. */
function since({ variables }: About, reads: readonly StoredReading[], joint: string): string {
  const seen = reads.filter(({ variable }) => variables[variable].kind !== 'frame');
  const isLock = ({ variable }: StoredReading): boolean => variables[variable].kind === 'lock';
  const choices = [
    seen.filter(({ holders }) => holders.length > 0),
    seen.filter((one) => one.stays && !isLock(one)),
    seen.filter((one) => one.values.length > 0 && !isLock(one)),
    seen.filter(({ values }) => values.length > 0),
  ];
  const told = choices.find((one) => one.length > 0);
  if (told) return `${joint}${readingWords({ variables }, told)}`;
  const names = seen.map(({ variable }) => variables[variable].name);
  return names.length > 0 ? `${joint}whatever ${some(names)} ${names.length > 1 ? 'are' : 'is'}` : '';
}

const readingWords = ({ variables }: Pick<About, 'variables'>, reads: readonly StoredReading[]): string =>
  enumeration(
    reads.map(({ variable, values, stays, holders }) => {
      const short = values.map((text) => (text.length > LONG ? `${text.slice(0, LONG - 1)}…` : text)).join(' or ');
      const by = holders.length > 0 ? ` by ${enumeration(holders)}` : '';
      return `${variables[variable].name} ${stays ? 'stays' : 'is then'} ${short}${by}`;
    }),
  );

/** One step by its handler and its last two labels; of one that stands in several places, where it stands. */
function stepWords(steps: readonly string[]): string {
  if (steps.length === 1) return shortened(steps[0]);
  const handlers = [...new Set(steps.map((step) => step.split('/')[0]))];
  return `${steps[0].split('/').slice(-2).join('/')} (of ${some(handlers)})`;
}

function shortened(step: string): string {
  const parts = step.split('/');
  return parts.length <= 4 ? step : [parts[0], '…', ...parts.slice(-3)].join('/');
}

const some = (words: readonly string[]): string =>
  words.length <= MANY ? enumeration(words) : `${words.slice(0, MANY).join(', ')} and ${words.length - MANY} more`;
