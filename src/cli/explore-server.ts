/** The server of `explore`: on the loopback interface only, and only for who knows the token. */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  WalkError,
  contentSecurityPolicy,
  htmlPage,
  type Moves,
  type PageAssets,
  type PageData,
  type PageFailure,
  type SaveRequest,
  type Saved,
  type StoredTrace,
  type Walker,
} from '../report/index.js';
import { ShapeError, listOf, natural, nullable, object, text } from '../report/validate.js';
import { InputError } from './exit.js';

/** What is served. */
export interface Served {
  readonly walker: Walker;
  /** 0: any that is free. */
  readonly port: number;
  readonly title: string;
  readonly token: string;
  /** The number of initial states. */
  readonly starts: number;
  readonly assets: PageAssets;
  /** Writes a walk to a file. @returns its name. @throws InputError */
  save(trace: StoredTrace): string;
}

/** A server that runs. */
export interface Serving {
  /** Address with its token. */
  readonly url: string;
  close(): Promise<void>;
}

/** Bytes of a request, and steps of a walk. */
const LARGEST = 64 * 1024;
const LONGEST = 2000;

const HOST = '127.0.0.1';

const moves = { start: natural(1_000_000), moves: listOf(natural(1_000_000), LONGEST) };
const readMoves = object<Moves>(moves);
const readSave = object<SaveRequest>({ ...moves, property: nullable(text(1000)) });

/** A request that is turned down. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Starts the server. @throws InputError if the port can't be had */
export async function serveWalks(served: Served): Promise<Serving> {
  const server = createServer((request, response) => void answer(request, response, served, server));
  await listen(server, served.port);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${port}/?token=${served.token}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      const why = code === 'EADDRINUSE' ? 'another program has it' : code === 'EACCES' ? 'it is not allowed' : message;
      reject(new InputError(`port ${port} can't be used: ${why}; without --port a free one is chosen`));
    });
    server.listen(port, HOST, resolve);
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served,
  server: Server,
): Promise<void> {
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, {
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Security-Policy': `${contentSecurityPolicy(served.assets, "'self'")}; frame-ancestors 'none'`,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
      'Cross-Origin-Resource-Policy': 'same-origin',
      Connection: 'close',
    });
    response.end(body);
  };
  const fail = (status: number, error: string): void => {
    const isPage = request.method === 'GET';
    send(status, isPage ? 'text/plain' : 'application/json', isPage ? `${error}\n` : json<PageFailure>({ error }));
  };
  try {
    checkOrigin(request, (server.address() as AddressInfo).port);
    const { pathname, searchParams } = new URL(request.url ?? '/', `http://${HOST}`);
    if (request.method === 'GET' && pathname === '/') {
      checkToken(searchParams.get('token'), served.token);
      return send(200, 'text/html', page(served));
    }
    if (request.method !== 'POST') throw new Refusal(404, 'there is nothing here');
    checkToken(request.headers['x-ringfence-token'], served.token);
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
      throw new Refusal(415, 'requests must be JSON');
    return send(200, 'application/json', reply(pathname, await body(request), served));
  } catch (error) {
    if (error instanceof Refusal) return fail(error.status, error.message);
    if (error instanceof ShapeError) return fail(400, `the request is malformed: ${error.message}`);
    if (error instanceof WalkError || error instanceof InputError) return fail(409, error.message);
    return fail(500, `the model or ringfence broke down: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A page of another site, also one that calls itself by a name that leads here, is not served. */
function checkOrigin({ headers: { host, origin } }: IncomingMessage, port: number): void {
  const own = [`${HOST}:${port}`, `localhost:${port}`];
  if (host === undefined || !own.includes(host)) throw new Refusal(403, 'this host name is not served');
  if (origin !== undefined && origin !== `http://${host}`) throw new Refusal(403, 'other sites are not served');
}

function checkToken(given: unknown, token: string): void {
  const [a, b] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(token)];
  if (a.length !== b.length || !timingSafeEqual(a, b))
    throw new Refusal(403, 'the token is missing or wrong: use the whole address that "ringfence explore" printed');
}

const page = ({ title, token, starts, assets }: Served): string =>
  htmlPage(`Walk: ${title}`, { kind: 'walk', title, token, starts } satisfies PageData, assets, "'self'");

function reply(pathname: string, request: unknown, { walker, save }: Served): string {
  if (pathname === '/walk') return json(walker.walk(readMoves(request, 'request')));
  if (pathname !== '/save') throw new Refusal(404, 'there is nothing here');
  const { property, ...moves } = readSave(request, 'request');
  return json<Saved>({ file: save(walker.record(moves, property)) });
}

const json = <T>(value: T): string => JSON.stringify(value);

async function body(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST) throw new Refusal(413, `a request has at most ${LARGEST} bytes`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    throw new Refusal(400, 'the request is no JSON');
  }
}
