/**
 * Trace files: a msgpack map `{ format, version, sha256, payload }`, the payload itself msgpack. The checksum finds
 * damage before anything is read; the shape is checked all the same, since whoever can write a file can sign it.
 */
import { createHash } from 'node:crypto';
import { decode, encode } from '@msgpack/msgpack';
import type { StoredTrace } from './stored-trace.js';
import { limits, readTrace } from './trace-shape.js';
import { ShapeError } from './validate.js';

/** A file that is no intact trace, or a trace that can't be written as one. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

const FORMAT = 'ringfence-trace';
const VERSION = 2;

/** The bytes of a trace file. @throws TraceError if the trace is beyond the limits of one */
export function encodeTrace(trace: StoredTrace): Uint8Array {
  try {
    readTrace(trace);
  } catch (error) {
    throw error instanceof ShapeError ? new TraceError(`the trace can't be stored: ${error.message}`) : error;
  }
  const payload = encode(trace, { maxDepth: limits.depth + 20 });
  const file = seal(payload);
  if (file.length > limits.file)
    throw new TraceError(`the trace can't be stored: it is larger than ${limits.file} bytes`);
  return file;
}

/** Reads the bytes of a trace file. @throws TraceError saying what is wrong with it */
export function decodeTrace(file: Uint8Array): StoredTrace {
  if (file.length === 0) throw new TraceError('it is empty');
  if (file.length > limits.file) throw new TraceError(`it is larger than ${limits.file} bytes`);
  const { version, sha256, payload } = openSeal(file);
  if (version !== VERSION) {
    throw new TraceError(
      `it has version ${version}, and this ringfence reads version ${VERSION}: use the ringfence that wrote it`,
    );
  }
  if (!Buffer.from(checksum(payload)).equals(sha256) || !Buffer.from(seal(payload)).equals(file)) {
    throw new TraceError('it is corrupt: its checksum does not match');
  }
  try {
    return readTrace(unpack(payload));
  } catch (error) {
    throw error instanceof ShapeError ? new TraceError(`it is malformed: ${error.message}`) : error;
  }
}

const checksum = (payload: Uint8Array): Uint8Array => createHash('sha256').update(payload).digest();

const seal = (payload: Uint8Array): Uint8Array =>
  encode({ format: FORMAT, version: VERSION, sha256: checksum(payload), payload });

function openSeal(file: Uint8Array): { version: number; sha256: Uint8Array; payload: Uint8Array } {
  const outer = unpack(file);
  const field = (name: string): unknown =>
    typeof outer === 'object' && outer !== null && Object.hasOwn(outer, name)
      ? (outer as Record<string, unknown>)[name]
      : undefined;
  if (field('format') !== FORMAT) throw new TraceError('it is not a ringfence trace');
  const [version, sha256, payload] = [field('version'), field('sha256'), field('payload')];
  if (typeof version !== 'number' || !(sha256 instanceof Uint8Array) || !(payload instanceof Uint8Array)) {
    throw new TraceError('it is corrupt: its header is damaged');
  }
  return { version, sha256, payload };
}

function unpack(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, {
      maxStrLength: limits.text * 4,
      maxBinLength: limits.file,
      maxArrayLength: limits.steps,
      maxMapLength: 1000,
      maxExtLength: 0,
    });
  } catch (error) {
    const why =
      error instanceof RangeError && /Insufficient data|out of bounds|Extra/i.test(error.message)
        ? 'it is cut short or no msgpack'
        : 'it is no intact msgpack';
    throw new TraceError(`it is corrupt: ${why}`);
  }
}
