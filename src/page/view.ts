/** What the reader has chosen to look at, and the keys that move it. */
import { useCallback, useLayoutEffect, useMemo, useState } from 'preact/hooks';
import type { PageTrace } from '../report/page-trace.js';
import { nearestStep, writesOf } from './values.js';

/** The choices, and how to change them. */
export interface View {
  /** The step whose outcome is shown; 0 is the state before the first. */
  readonly at: number;
  readonly select: (step: number) => void;
  /** Actors that are folded away. */
  readonly hidden: ReadonlySet<string>;
  readonly toggleActor: (process: string) => void;
  /** The variable whose writes are marked. */
  readonly followed: number | null;
  readonly follow: (variable: number | null) => void;
  /** The steps that write it. */
  readonly writes: readonly number[];
  /** Rows say what they change. */
  readonly details: boolean;
  readonly setDetails: (on: boolean) => void;
  readonly help: boolean;
  readonly setHelp: (on: boolean) => void;
}

/** Holds a view of a trace. `start` is where it begins, `moved` is told of every move. */
export function useView(trace: PageTrace, start: number, moved?: (step: number) => void): View {
  const last = trace.steps.length;
  const [at, setAt] = useState(start);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [followed, follow] = useState<number | null>(null);
  const [details, setDetails] = useState(true);
  const [help, setHelp] = useState(false);
  const writes = useMemo(() => (followed === null ? [] : writesOf(trace, followed)), [trace, followed]);
  const select = useCallback(
    (step: number) => {
      const to = Math.max(0, Math.min(last, step));
      setAt(to);
      moved?.(to);
    },
    [last, moved],
  );
  const toggleActor = useCallback((process: string) => {
    setHidden((before) => {
      const after = new Set(before);
      if (!after.delete(process)) after.add(process);
      return after;
    });
  }, []);
  const shown = Math.min(at, last);
  // Before the first paint: a key that is pressed at once counts.
  useLayoutEffect(() => {
    const visible = (step: number): boolean => step === 0 || !hidden.has(trace.steps[step - 1].process);
    const go = (direction: 1 | -1): void => {
      let to = shown + direction;
      while (to > 0 && to <= last && !visible(to)) to += direction;
      if (to >= 0 && to <= last) select(to);
    };
    const marked = trace.decisive.map(({ step }) => step);
    const jump = (steps: readonly number[], direction: 1 | -1): void => {
      const to = nearestStep(steps, shown, direction);
      if (to !== undefined) select(to);
    };
    const keys: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(1),
      ArrowRight: () => go(1),
      j: () => go(1),
      ArrowUp: () => go(-1),
      ArrowLeft: () => go(-1),
      k: () => go(-1),
      Home: () => select(0),
      End: () => select(last),
      n: () => jump(writes, 1),
      p: () => jump(writes, -1),
      m: () => jump(marked, 1),
      M: () => jump(marked, -1),
      d: () => setDetails((on) => !on),
      '?': () => setHelp((on) => !on),
      Escape: () => {
        setHelp(false);
        follow(null);
      },
    };
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
      const { target } = event;
      if (
        target instanceof HTMLElement &&
        target.matches('input:not([type=checkbox]), select') &&
        event.key !== 'Escape'
      )
        return;
      event.preventDefault();
      keys[event.key]();
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [trace, shown, last, hidden, writes, select]);
  return {
    at: shown,
    select,
    hidden,
    toggleActor,
    followed,
    follow,
    writes,
    details,
    setDetails,
    help,
    setHelp,
  };
}
