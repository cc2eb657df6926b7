/** Labels of steps as English: `wait for CMD_SYNC` is something that somebody does. */

/** Verbs that labels begin with. A label that begins with anything else is quoted as it is. */
const verbs = new Set(
  (
    'abort accept acknowledge add admit allocate annotate answer append ask assign attach begin block boot build bump ' +
    'call cancel change check claim clear close commit compare complete configure consume copy count crash create ' +
    'decode decrement delete deliver deny dequeue destroy detach disable discard do donate drain drop empty enable end ' +
    'enqueue enter erase evict exit expire fail fault fetch fill filter find finish flip flush follow force forget ' +
    'forward free freeze get give go grant grow halt handle hold hypercall ignore increment initialise initialize ' +
    'insert inspect install invalidate issue join jump keep kill leave lend link listen load lock log look lose make ' +
    'map mark match measure merge miss move name note notify open own park pass pick pin ping poison poll pop post ' +
    'power prepare present probe program publish pull push put queue raise reach read receive reclaim record refill ' +
    'refuse register reject release remember remove repeat replace reply report request reset resolve restore resume ' +
    'retry return revoke ring run save scan schedule see select send serve set share shut signal skip sleep split start ' +
    'stop store strip submit suspend swap switch sync take teardown tell terminate test toggle touch transfer trap try ' +
    'turn undo unlink unlock unmap unpin unregister unshare update use validate verify wait wake walk wipe withdraw ' +
    'write zap zero'
  ).split(' '),
);

/** A label with its spaces again: the last part of a step's id, without what a copy adds to it. */
export const labelOf = (action: string): string =>
  (action.split('/').at(-1) as string).replace(/~.*$/, '').replace(/(?<=[^\s-])-(?=[^\s-])/g, ' ');

/** What somebody does in a step, as the words after their name: `waits for CMD_SYNC`. */
export function deed(action: string): string {
  const label = labelOf(action);
  const words = label.split(' ');
  const counted = /^(\w+)(\+\+|--)$/.exec(label);
  if (counted) return `${counted[2] === '++' ? 'increments' : 'decrements'} ${counted[1]}`;
  if (/^\w+_\w+$/.test(label)) return `calls ${label}`;
  if (!verbs.has(words[0])) return `does “${label}”`;
  return words
    .map((word, i) => {
      const bare = word.replace(/,$/, '');
      const leads = i === 0 || ['or', 'and', 'then'].includes(words[i - 1]);
      return leads && verbs.has(bare) ? word.replace(bare, inflected(bare)) : word;
    })
    .join(' ');
}

/** The third person of a verb. */
function inflected(verb: string): string {
  if (/(?:s|x|z|ch|sh|o)$/.test(verb)) return `${verb}es`;
  return /[^aeiou]y$/.test(verb) ? `${verb.slice(0, -1)}ies` : `${verb}s`;
}

/** `a, b and c`. */
export const enumeration = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) as string}`;
