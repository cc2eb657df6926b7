/** `explore`: the server refuses strangers, and a person walks into a violation and keeps it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built, command, ringfence } from '../cli/run.js';
import { hasChromium, inChromium, startChromium, watchedPage } from './chromium.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-explore-'));
let server: ChildProcess;
let url: URL;

/** Starts `explore`, and waits for its address. */
function start(...args: readonly string[]): Promise<{ child: ChildProcess; address: URL }> {
  const child = spawn(process.execPath, [command, 'explore', ...args, '--no-open'], { cwd: folder });
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (text) => {
      const address = /http:\/\/\S+/.exec((said += String(text)));
      if (address && said.includes('Ctrl-C')) resolve({ child, address: new URL(address[0]) });
    });
    child.stderr.on('data', (text) => (said += String(text)));
    child.on('exit', () => reject(new Error(said)));
  });
}

/** Ends it as Ctrl-C does. @returns its exit code */
const end = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    child.removeAllListeners('exit');
    child.on('exit', resolve);
    child.kill('SIGINT');
  });

beforeAll(async () => {
  await built();
  const { child, address } = await start('SC-01/upstream', '--scope', 'pages=1');
  server = child;
  url = address;
});
afterAll(async () => {
  expect(await end(server)).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

function ask({ method = 'POST', path = '/walk', headers = {}, body = '' }: Asked) {
  return new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
    const own = request(
      { host: url.hostname, port: url.port, method, path, headers: { host: url.host, ...headers } },
      (answer) => {
        let text = '';
        answer.on('data', (part) => (text += String(part)));
        answer.on('end', () => resolve({ status: answer.statusCode!, text, headers: answer.headers }));
      },
    );
    own.on('error', reject);
    own.end(body);
  });
}

const token = (): Record<string, string> => ({
  'x-ringfence-token': url.searchParams.get('token')!,
  'content-type': 'application/json',
});
const begin = '{"start":0,"moves":[]}';

describe('the server', () => {
  it('is on the loopback interface, with a token of its own', () => {
    expect(url.hostname).toBe('127.0.0.1');
    expect(url.searchParams.get('token')).toMatch(/^[\w-]{22}$/);
  });

  it('gives the page and walks to who knows the token', async () => {
    const page = await ask({ method: 'GET', path: url.pathname + url.search });
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(/connect-src 'self'; .*frame-ancestors 'none'/);
    const walk = await ask({ headers: token(), body: begin });
    expect(walk.status).toBe(200);
    expect(JSON.parse(walk.text)).toMatchObject({ trace: { steps: [] }, faults: [] });
  });

  it.each<[string, number, () => Asked]>([
    ['no token', 403, () => ({ body: begin, headers: { 'content-type': 'application/json' } })],
    ['a wrong token', 403, () => ({ body: begin, headers: { ...token(), 'x-ringfence-token': 'x'.repeat(22) } })],
    ['a page without token', 403, () => ({ method: 'GET', path: '/' })],
    ['another host name', 403, () => ({ body: begin, headers: { ...token(), host: 'evil.example' } })],
    ['another site', 403, () => ({ body: begin, headers: { ...token(), origin: 'http://evil.example' } })],
    ['a form', 415, () => ({ body: begin, headers: { ...token(), 'content-type': 'text/plain' } })],
    ['another path', 404, () => ({ path: '/etc/passwd', body: begin, headers: token() })],
    ['another method', 404, () => ({ method: 'PUT', body: begin, headers: token() })],
    ['no JSON', 400, () => ({ body: '{', headers: token() })],
    ['another shape', 400, () => ({ body: '{"start":0,"moves":["__proto__"]}', headers: token() })],
    ['a huge request', 413, () => ({ body: ' '.repeat(70_000), headers: token() })],
    ['a move that there is not', 409, () => ({ body: '{"start":0,"moves":[999]}', headers: token() })],
    ['a property that is not broken', 409, () => ({ path: '/save', body: '{"start":0,"moves":[],"property":"I-1"}', headers: token() })], // prettier-ignore
  ])('refuses %s with %i', async (_, status, asked) => {
    const answer = await ask(asked());
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain(url.searchParams.get('token'));
  });

  it('says which port is taken', () => {
    const { code, stderr } = ringfence(folder, 'explore', 'SC-01', '--no-open', '--port', url.port);
    expect(code).toBe(2);
    expect(stderr).toContain(`port ${url.port} can't be used: another program has it`);
  });

  it('says what is wrong with a model, an edit or a port', () => {
    for (const [args, words] of [
      [['SC-0'], 'there is no model "SC-0"'],
      [['SC-01', '--without', 'nothing'], 'nothing'],
      [['SC-01', '--port', '70000'], 'is no port'],
    ] as const) {
      const { code, stderr } = ringfence(folder, 'explore', ...args, '--no-open');
      expect(code, args.join(' ')).toBe(2);
      expect(stderr).toContain(words);
    }
  });
});

describe.skipIf(!hasChromium)(inChromium('walking by hand'), () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser.close());

  it('goes on, back and from the middle, survives a reload, and keeps the walk', async () => {
    const { page, complaints, requests } = await watchedPage(browser);
    await page.goto(url.href);
    const rows = async (n: number) => {
      await page.locator('.row').nth(n).waitFor();
      expect(await page.locator('.row').count()).toBe(n + 1);
    };
    const take = (actor: string, step: string) =>
      page.locator('.mover', { hasText: actor }).locator('.move', { hasText: step }).first().click();
    await rows(0);
    await take('cpu0', 'map_pages › handle_to_domain');
    await rows(1);
    await take('cpu0', 'check-page-state');
    await rows(2);
    expect(await page.locator('.state tr', { hasText: 'host_mmu.lock' }).first().innerText()).toMatch(/free → held/);
    expect(await page.locator('.mover', { hasText: 'cpu0' }).locator('h3').innerText()).toContain(
      'holds host_mmu.lock',
    );
    await page.getByRole('button', { name: 'Take back the last step' }).click();
    await page.locator('.row').nth(2).waitFor({ state: 'detached' });
    await rows(1);
    await take('cpu1', 'unmap_pages › handle_to_domain');
    await rows(2);
    await page.reload();
    await rows(2);
    expect(await page.locator('.lane-heads .lane').allInnerTexts()).toEqual(['● cpu0', '● cpu1']);
    await page.locator('.row').nth(1).click();
    await page.getByRole('button', { name: 'go on from here' }).click();
    await page.locator('.row').nth(2).waitFor({ state: 'detached' });
    await rows(1);
    for (let i = 0; i < 2; i++) {
      await page.getByRole('button', { name: 'Save the walk' }).click();
      const saved = `results/runs/SC-01-upstream-walk${i === 0 ? '' : '-2'}.trace`;
      await page.getByText(`ringfence show ${saved}`, { exact: false }).waitFor();
      const replayed = ringfence(folder, 'replay', saved);
      expect(replayed.stdout).toContain('all 1 step of this walk can still be taken');
      expect(replayed.code).toBe(0);
    }
    expect(readdirSync(path.join(folder, 'results/runs'))).toHaveLength(2);
    expect(await page.locator('.properties').innerText()).toMatch(/\d+ hold here, \d+ not decided by one state/);
    expect(complaints).toEqual([]);
    expect(new Set(requests.map((one) => new URL(one).host))).toEqual(new Set([url.host]));
  });

  it('says so when the server is gone', async () => {
    const { child, address } = await start('SC-01');
    const { page } = await watchedPage(browser);
    await page.goto(address.href);
    await page.locator('.move').first().waitFor();
    expect(await end(child)).toBe(0);
    await page.locator('.move').first().click();
    expect(await page.getByRole('alert').innerText()).toContain('does not answer');
  });
});
