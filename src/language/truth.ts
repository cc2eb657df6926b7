/**
 * A predicate's answer, which must be `true` or `false`: a promise or a word that is merely truthy would let everything pass.
 * @throws TypeError naming the predicate and what it returned
 */
export function truth(predicate: string, answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer;
  const what =
    answer instanceof Promise ? 'a promise (predicates are not async)' : `${typeof answer} ${String(answer)}`;
  throw new TypeError(`${predicate} returned ${what}, not true or false`);
}
