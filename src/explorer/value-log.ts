/** An append-only log of msgpack records in shared memory: how a code comes to mean the same in every worker. */

const LOCK = 0;
const LENGTH = 1;
/** Set by anybody to end every wait. */
const ABORT = 2;
const HEADER = 16;
/** Nobody holds the log for so long and lives, in milliseconds. */
const PATIENCE = 30_000;

/** The log was full, or the run was aborted while waiting for it. */
export class ValueLogError extends Error {
  override readonly name = 'ValueLogError';
}

/** One worker's view of the shared log. */
export class ValueLog {
  private readonly control: Int32Array;
  private readonly bytes: Uint8Array;
  private read = 0;

  /** Memory for a log of at most `size` bytes; untouched pages cost nothing. */
  static memory(size = 256 * 1024 * 1024): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER + size);
  }

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, 4);
    this.bytes = new Uint8Array(memory, HEADER);
  }

  /** Runs `action` while nobody else appends. @throws ValueLogError if the run is aborted meanwhile, or nobody lets go */
  exclusively<T>(action: () => T): T {
    for (let deadline = 0; Atomics.compareExchange(this.control, LOCK, 0, 1) !== 0;) {
      if (Atomics.load(this.control, ABORT) !== 0) throw new ValueLogError('aborted');
      deadline ||= performance.now() + PATIENCE;
      if (performance.now() > deadline) throw new ValueLogError('a worker died while it added a value');
      pause(this.control);
    }
    try {
      return action();
    } finally {
      Atomics.store(this.control, LOCK, 0);
      Atomics.notify(this.control, LOCK);
    }
  }

  /** Appends a record. Call {@link exclusively}, with all records read. @throws ValueLogError if the log is full */
  append(record: Uint8Array): void {
    const length = this.read;
    if (length + 4 + record.length > this.bytes.length)
      throw new ValueLogError('too many distinct values for the shared value log');
    new DataView(this.bytes.buffer, HEADER).setUint32(length, record.length);
    this.bytes.set(record, length + 4);
    this.read = length + 4 + record.length;
    Atomics.store(this.control, LENGTH, this.read);
  }

  /** The records that this view has not returned yet. */
  *unread(): Generator<Uint8Array> {
    const view = new DataView(this.bytes.buffer, HEADER);
    while (this.read < Atomics.load(this.control, LENGTH)) {
      const start = this.read + 4;
      const end = start + view.getUint32(this.read);
      this.read = end;
      yield this.bytes.slice(start, end);
    }
  }

  /** Lets go in a dead worker's place. Call when nobody works on it but this thread. */
  release(): void {
    Atomics.store(this.control, LOCK, 0);
  }

  /** Ends every wait on this log, now and later. */
  abort(): void {
    Atomics.store(this.control, ABORT, 1);
    Atomics.notify(this.control, LOCK);
  }
}

/** Waits a little. The main thread may not block on Atomics.wait for long, and Node lets it for a moment. */
function pause(control: Int32Array): void {
  Atomics.wait(control, LOCK, 1, 1);
}
