/** Long phases let timers in every 50 ms. */
const TURN_MS = 50;
/** Units of work between two looks at the clock. */
const UNITS = 256;

export class Clock {
  private units = UNITS;
  private last = performance.now();

  /** @param pause lets timers in; true: a limit was reached */
  constructor(private readonly pause: () => Promise<boolean>) {}

  /** Counts a unit of work, a state say. True: it is time to `rest`. */
  due(): boolean {
    if (--this.units > 0) return false;
    this.units = UNITS;
    return performance.now() - this.last >= TURN_MS;
  }

  /** @returns true if the work must be given up */
  async rest(): Promise<boolean> {
    const givenUp = await this.pause();
    this.last = performance.now();
    return givenUp;
  }
}
