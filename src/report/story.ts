/** The story of a trace: who calls what, what that changes, who comes in between, and what is wrong at the end. */
import { History, argumentsOf, callWords, segmentsOf, type NetChange, type Segment } from './segments.js';
import type { StoredStep, StoredTrace } from './stored-trace.js';
import { impasseRows } from './impasse.js';
import { deed, enumeration } from './words.js';

/** Longer values are not told. */
const LONG = 40;
/** Deeds of one sentence, and changes of one deed; those that touch the guilty go first. */
const DEEDS = 4;
const CHANGES = 2;
/** Sentences of one story, its frame apart. */
const LONGEST = 60;

/** One handler call, as far as it goes without another handler's steps; the hardware's steps in between are part of it. */
interface Episode {
  readonly parts: readonly Segment[];
  /** The part that names the actor: the first of a handler, or the only one of hardware. */
  readonly lead: Segment;
}

/** The sentences of a trace's story. `brief`: only who calls what in which order. */
export function storyOf(trace: StoredTrace, { brief = false } = {}): string[] {
  const history = new History(trace);
  const episodes = episodesOf(segmentsOf(trace));
  let before: Episode | undefined;
  const told = episodes.map((episode, i) => {
    const opening = before ? interrupted(before, episode) : '';
    if (episode.lead.handler !== '') before = episode;
    const last = i === episodes.length - 1 ? lastDeed(trace, episode) : '';
    return sentence(opening + (brief ? call(trace, episode) + last : episodeWords(history, episode, last)));
  });
  const happened = told.length > 0 ? shortened(together(told)) : ['Nothing has to happen: it is so at the start.'];
  return brief ? happened : [...changesOfTheModel(trace), ...happened, ...endOf(trace)];
}

/** Of a very long story, its beginning and its end. */
function shortened(sentences: readonly string[]): string[] {
  if (sentences.length <= LONGEST) return [...sentences];
  const head = Math.floor(LONGEST / 4);
  const tail = LONGEST - head;
  const left = `(${sentences.length - LONGEST} more calls are left out here.)`;
  return [...sentences.slice(0, head), left, ...sentences.slice(-tail)];
}

function episodesOf(segments: readonly Segment[]): Episode[] {
  const episodes: Episode[] = [];
  for (let i = 0; i < segments.length; i++) {
    const lead = segments[i];
    const parts = [lead];
    // The hardware answers, and the same call goes on.
    while (lead.handler !== '' && segments[i + 1]?.handler === '' && goesOn(lead, segments[i + 2])) {
      parts.push(segments[i + 1], segments[i + 2]);
      i += 2;
    }
    episodes.push({ parts, lead });
  }
  return episodes;
}

const goesOn = (lead: Segment, later: Segment | undefined): boolean =>
  later !== undefined && later.process === lead.process && !later.begins;

const stepsOf = ({ parts, lead }: Episode): StoredStep[] =>
  parts.filter(({ process }) => process === lead.process).flatMap(({ steps }) => steps);

const returns = ({ parts }: Episode): boolean => (parts.at(-1) as Segment).returns;

/** `Before cpu0 waits for CMD_SYNC, `: another handler's call comes in while one is under way. */
function interrupted(last: Episode, { lead }: Episode): string {
  if (lead.handler === '' || last.lead.process === lead.process || returns(last)) return '';
  const next = stepsOf(last).at(-1)?.next ?? '';
  return next === '' ? '' : `before ${last.lead.process} ${deed(next)}, `;
}

/** Who does what, in the words of a call. */
function call(trace: StoredTrace, episode: Episode): string {
  const { lead } = episode;
  if (lead.handler === '') return `${lead.process} ${deedsOfHardware(lead.steps)}`;
  const args = callWords(argumentsOf(trace, lead.handler, stepsOf(episode)));
  const verb = lead.begins ? (returns(episode) ? 'runs' : 'starts') : 'goes on with';
  return `${lead.process} ${verb} ${lead.handler}${lead.begins && args !== '' ? `(${args})` : ''}`;
}

function deedsOfHardware(steps: readonly StoredStep[]): string {
  const deeds = steps.map(({ action }) => deed(action));
  const different = [...new Set(deeds)];
  return enumeration(
    different.map((one) => {
      const times = deeds.filter((other) => other === one).length;
      return times === 1 ? one : `${one} ${times === 2 ? 'twice' : `${times} times`}`;
    }),
  );
}

function episodeWords(history: History, episode: Episode, last: string): string {
  const { trace } = history;
  const { lead, parts } = episode;
  if (lead.handler === '') return call(trace, episode);
  const steps = tellingSteps(history, episode);
  const effects = enumeration(steps.map(({ step, changes }) => `${deed(step.action)} (${changes.join(', ')})`));
  // Told already if it is what changed something.
  const rest = steps.at(-1)?.step === trace.steps.at(-1) ? '' : last;
  const words = call(trace, episode) + (effects === '' ? rest : `: it ${effects}${rest.replace(' and', ', and then')}`);
  const hardware = parts.filter(({ handler }) => handler === '');
  const meanwhile = [...new Set(hardware.map(({ process }) => process))].map((process) => {
    const steps = hardware.filter((part) => part.process === process).flatMap((part) => part.steps);
    return `while ${process} ${deedsOfHardware(steps)}`;
  });
  return [words, ...guardWords(episode), endOfCall(episode), ...meanwhile].filter((part) => part !== '').join(', ');
}

/** How far a call got when the trace ends in the middle of it. */
function lastDeed(trace: StoredTrace, episode: Episode): string {
  const step = trace.steps.at(-1);
  return step && episode.lead.handler !== '' && !returns(episode) ? ` and ${deed(step.action)}` : '';
}

/** The steps of a call whose changes are still so at the episode's end, in order, with these changes in words. */
function tellingSteps(history: History, episode: Episode): { step: StoredStep; changes: string[] }[] {
  const { trace } = history;
  const { lead, parts } = episode;
  const lasting = history.net(lead.from, (parts.at(-1) as Segment).to);
  // Who changed it last: the place, and the variable as a whole.
  const last = new Map<string, StoredStep>();
  for (const step of stepsOf(episode))
    for (const { variable, path } of step.changes) last.set(`${variable}`, step).set(`${variable} ${path}`, step);
  const byStep = new Map<StoredStep, NetChange[]>();
  for (const change of lasting.filter(({ variable }) => trace.variables[variable].kind === 'shared')) {
    const { variable, path } = change;
    const step = last.get(path === '' ? `${variable}` : `${variable} ${path}`);
    if (step) byStep.set(step, [...(byStep.get(step) ?? []), change]);
  }
  const guilty = Object.values(trace.guilty);
  const touches = (change: NetChange): boolean => guilty.some((name) => textOf(trace, change).includes(name));
  const of = (step: StoredStep): NetChange[] => byStep.get(step) ?? [];
  const steps = stepsOf(episode).filter((step) => byStep.has(step));
  return first(steps, DEEDS, (step) => of(step).some(touches)).map((step) => ({
    step,
    changes: first(of(step), CHANGES, touches).map((change) => changeWords(trace, change)),
  }));
}

/** At most `most` of a list, in its order; those that matter stay before others. */
function first<T>(all: readonly T[], most: number, matters: (one: T) => boolean): T[] {
  const chosen = new Set([...all.filter(matters), ...all.filter((one) => !matters(one))].slice(0, most));
  return all.filter((one) => chosen.has(one));
}

const textOf = (trace: StoredTrace, { variable, path, before, after }: NetChange): string =>
  [trace.variables[variable].name + path, before, after].join(' ');

function changeWords(trace: StoredTrace, { variable, path, before, after }: NetChange): string {
  const { name } = trace.variables[variable];
  const member = /^(.*)\{([^{}]*(?:\{[^{}]*\})?[^{}]*)\}$/.exec(path);
  if (member && (before === 'absent' || after === 'absent'))
    return `${name}${member[1]} ${after === 'absent' ? 'loses' : 'gets'} ${member[2]}`;
  return after.length > LONG ? `${name}${path} changes` : `${name}${path} becomes ${after}`;
}

/** Guards that an edit lets pass, and the one that makes the call fail. */
function guardWords(episode: Episode): string[] {
  return stepsOf(episode).flatMap(({ guard, label }) => {
    if (guard?.outcome === 'passed by an edit')
      return [`and the guard ${guard.id} (${guard.doc}), which would refuse, is out of action`];
    return guard && label.startsWith('-') ? [`but the guard ${guard.id} refuses (${guard.doc})`] : [];
  });
}

function endOfCall(episode: Episode): string {
  if (episode.lead.handler === '') return '';
  const error = stepsOf(episode).findLast(({ label }) => label.startsWith('-'))?.label;
  if (error !== undefined) return `and ${returns(episode) ? 'returns' : 'is about to return'} ${error}`;
  return returns(episode) && !episode.lead.begins ? 'and returns' : '';
}

/** The same sentence several times in a row is told once. */
function together(sentences: readonly string[]): string[] {
  return sentences.filter((text, i) => text !== sentences[i - 1]);
}

function changesOfTheModel({ edits, denied }: StoredTrace): string[] {
  return [
    ...(edits.length > 0 ? [`The program is another one here: ${edits.join('; ')}.`] : []),
    ...(denied.length > 0 ? [`The assumption ${enumeration(denied)} is denied.`] : []),
  ];
}

function endOf(trace: StoredTrace): string[] {
  const { property, because, faulting, loop, steps } = trace;
  const why = sentence(
    because.replace(/^asked for after (.+?), and never there/, 'what is asked for after $1 never comes'),
  );
  const rule = property.text === '' ? '' : `: ${property.text}`;
  if (faulting) {
    const what = `Then ${faulting.process} can’t ${faulting.action}: ${faulting.message}.`;
    return [what, `That is a fault of the model itself (${property.id}).`];
  }
  if (property.kind === 'reachable') return [sentence(`That is the goal ${property.id}${rule}`)];
  const stays =
    loop === null
      ? []
      : [
          loop === steps.length
            ? 'It may stay like this for ever.'
            : `Steps ${loop + 1} to ${steps.length} repeat for ever.`,
        ];
  return [
    ...stays,
    ...(because === '' ? [] : [/^(from here|what is asked)/.test(why) ? capital(why) : `Now ${why}`]),
    ...wayOut(trace),
    sentence(`That breaks ${property.id}${rule}`),
  ];
}

/** The first thing that stands in the way. */
function wayOut(trace: StoredTrace): string[] {
  if (!trace.impasse) return [];
  const first = impasseRows(trace, trace.impasse).find(({ title }) => title !== 'behind' && title !== 'stays');
  return first ? [`What stands in the way: ${sentence(first.text)}`] : [];
}

/** A capital at the beginning, unless it is a name, and a full stop. */
function sentence(text: string): string {
  const start = text.startsWith('before ') ? capital(text) : text;
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
