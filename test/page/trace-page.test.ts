/** The page of a trace in a real browser: stepping, filtering, hostile values, no network, a screen reader's view. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageAssets } from '../../src/cli/page.js';
import { htmlPage, pageTrace, type PageData, type StoredTrace } from '../../src/report/index.js';
import { built } from '../cli/run.js';
import { storedRace } from '../report/example.js';
import { hasChromium, inChromium, startChromium, watchedPage, type Watched } from './chromium.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(trace: StoredTrace, limits?: Parameters<typeof pageTrace>[2]): { url: string; html: string } {
  const commands = [{ what: 'Again', line: 'ringfence' }];
  const data = {
    kind: 'trace',
    trace: pageTrace(trace, [{ name: 'ring', doc: 'the requests, oldest first' }], limits),
    about: '',
    commands,
    codes: { 'W-22': 'window: the leaves are walked again' },
  } satisfies PageData;
  const html = htmlPage(data.trace.property.id, data, pageAssets());
  const file = path.join(folder, 'page.html');
  writeFileSync(file, html);
  return { url: pathToFileURL(file).href, html };
}

describe.skipIf(!hasChromium)(inChromium('the page of a trace'), () => {
  let browser: Browser;
  beforeAll(async () => {
    await built();
    browser = await startChromium();
  });
  afterAll(() => browser.close());

  async function open(trace: StoredTrace, hash = ''): Promise<Watched> {
    const { url } = write(trace);
    const watched = await watchedPage(browser);
    await watched.page.goto(url + hash);
    return watched;
  }
  /** Nothing was complained of, and nothing but the file was asked for. */
  function expectQuiet({ complaints, requests, page }: Watched): void {
    expect(complaints).toEqual([]);
    expect(requests).toEqual([page.url().replace(/#.*/, '')]);
  }
  const current = ({ page }: Watched) => page.locator('[aria-current="step"]');

  it('shows the verdict and a row for each step, in the lane of its actor', async () => {
    const watched = await open(storedRace());
    const { page } = watched;
    expect(await page.locator('h1').innerText()).toBe('✗ no-overflow is violated after 4 steps');
    expect(await page.locator('.verdict').innerText()).toContain('the ring never holds more than it has entries');
    expect(await page.locator('.verdict').innerText()).toContain('2 requests are in it');
    expect(await page.locator('.lane-heads .lane').allInnerTexts()).toEqual(['● driver0', '● driver1']);
    expect(await page.locator('.row').count()).toBe(5);
    const acting = await page
      .locator('.row')
      .evaluateAll((rows) =>
        rows.map((row) => [...row.querySelectorAll('.lane')].findIndex((lane) => lane.querySelector('.dot') !== null)),
      );
    expect(acting).toEqual([-1, 0, 1, 0, 1]);
    const last = await page.locator('.row').last().innerText();
    for (const piece of ['driver1 submit: put', 'in lock', '⟨driver0⟩', '⟨driver0, driver1⟩', 'returns'])
      expect(last).toContain(piece);
    expect(await page.locator('.steps .fault').innerText()).toBe('✗ Here no-overflow is broken: 2 requests are in it');
    expect(await page.locator('footer').innerText()).toContain('ringfence');
    expectQuiet(watched);
  });

  it('is stepped by keys, buttons, mouse and address', async () => {
    const watched = await open(storedRace(), '#step-2');
    const { page } = watched;
    const number = () => current(watched).locator('.number').innerText();
    expect(await number()).toBe('2');
    const moves: readonly (readonly [string, string])[] = [
      ['ArrowDown', '3'],
      ['ArrowUp', '2'],
      ['End', '4'],
      ['ArrowRight', '4'],
      ['Home', '0'],
      ['ArrowLeft', '0'],
      ['j', '1'],
      ['k', '0'],
    ];
    for (const [key, step] of moves) {
      await page.keyboard.press(key);
      expect(await number(), key).toBe(step);
    }
    await page.getByRole('button', { name: 'Next step' }).click();
    expect(await number()).toBe('1');
    await page.locator('.row').nth(3).click();
    expect(await number()).toBe('3');
    expect(page.url()).toMatch(/#step-3$/);
    expect(await page.locator('.step h2').innerText()).toContain('Step 3: driver0 put');
    expect(await page.getByRole('status').innerText()).toMatch(
      /^Step 3 of 4: driver0, submit, lock, put\. changes ring/,
    );
    await page.getByRole('slider').fill('1');
    expect(await number()).toBe('1');
    expectQuiet(watched);
  });

  it('marks what changed in the state, and leads from write to write', async () => {
    const watched = await open(storedRace(), '#step-3');
    const { page } = watched;
    const ring = page.locator('.state tr', { hasText: 'ring' }).first();
    expect(await ring.locator('td').innerText()).toMatch(/^⟨⟩ → ⟨driver0⟩\s*the requests, oldest first$/);
    await ring.getByRole('button', { name: 'ring' }).click();
    expect(await page.locator('.row.written .number').allInnerTexts()).toEqual(['3', '4']);
    await page.getByRole('button', { name: 'write after' }).click();
    expect(await current(watched).locator('.number').innerText()).toBe('4');
    await page.keyboard.press('p');
    expect(await current(watched).locator('.number').innerText()).toBe('3');
    expect(await page.getByRole('button', { name: 'write before' }).isDisabled()).toBe(true);
    expectQuiet(watched);
  });

  it('folds actors away and filters variables', async () => {
    const watched = await open(storedRace());
    const { page } = watched;
    await page.getByRole('group', { name: 'Actors' }).getByLabel('driver1').uncheck();
    expect(await page.locator('.row .number').allInnerTexts()).toEqual(['0', '1', '3']);
    expect(await page.locator('.gap').allInnerTexts()).toEqual([
      '1 step of driver1 folded away',
      '1 step of driver1 folded away',
    ]);
    expect(await page.locator('.lane-heads .lane').count()).toBe(1);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await current(watched).locator('.number').innerText()).toBe('3');
    const names = () => page.locator('.state tbody tr:has(td) th').allInnerTexts();
    expect(await names()).not.toContain('ring_lock');
    await page.getByLabel('also those that never change').check();
    expect(await names()).toContain('ring_lock');
    await page.getByLabel('Filter variables by name').fill('DRIVER1');
    expect(await names()).toEqual(['driver1']);
    await page.getByLabel('Filter variables by name').fill('nothing of this');
    expect(await page.locator('.state').innerText()).toContain('No variable has this in its name.');
    expectQuiet(watched);
  });

  it('draws a loop, a fault, a refusing guard and an edit', async () => {
    const refused = storedRace([], [['driver0', 'submit/look'], ['driver0', 'submit/lock/put'], ['driver0', 'submit/look', '-ENOSPC']]); // prettier-ignore
    const { at, fn, source, doc } = refused.steps[0];
    const faulting = { at, fn, source, doc, process: 'driver1', action: 'submit/look', id: 'f', kind: 'throw', message: 'it threw' }; // prettier-ignore
    const watched = await open({ ...refused, loop: 1, faulting, edits: ['drop submit/lock'], denied: ['T4'] });
    const text = await watched.page.locator('.steps').innerText();
    expect(text).toContain('check has-room refuses: the ring is not full');
    expect(text).toContain('submit returns -ENOSPC');
    expect(text).toContain('From here on it goes round for ever');
    expect(text).toContain('Everything is as before step 2 again');
    expect(text).toContain('✗ driver1 could not take submit › look: it threw');
    expect(await watched.page.locator('.row.looping').count()).toBe(2);
    const verdict = await watched.page.locator('.verdict').innerText();
    expect(verdict).toContain('edited: drop submit/lock');
    expect(verdict).toContain('without the assumption T4');
    expectQuiet(watched);
  });

  it('says what stands in the way, and what codes mean', async () => {
    const reading = { variable: 0, values: ['⟨driver0⟩'], stays: true, holders: [] };
    const refusal = { guard: 'has-room', doc: 'the ring is not full', steps: ['submit/look'], processes: ['driver0'], labels: ['-ENOSPC'], reads: [reading], enough: true }; // prettier-ignore
    const impasse = { states: 3, cut: false, ends: 0, goal: [reading], refusals: [refusal], waits: [], aside: [], choices: [] }; // prettier-ignore
    const watched = await open({ ...storedRace(), guilty: { d: 'a-b' }, because: 'see W-22 and a-b', impasse });
    const { page } = watched;
    await page.getByRole('button', { name: 'what stands in the way' }).click();
    expect(await current(watched).locator('.number').innerText()).toBe('4');
    const panel = page.getByRole('region', { name: 'What stands in the way' });
    expect(await panel.locator('dd').allInnerTexts()).toEqual([
      '3 states can follow, none with the goal. Something can always move there: no deadlock, but no way out',
      'ring stays ⟨driver0⟩, and the goal looks at it',
      'driver0: submit/look always ends with -ENOSPC: guard has-room refuses (the ring is not full), since ring stays ⟨driver0⟩\n→ did has-room let it pass, the goal could be reached', // prettier-ignore
    ]);
    expect(await page.locator('.verdict abbr').getAttribute('title')).toBe('window: the leaves are walked again');
    expect(await page.locator('.verdict mark').allInnerTexts()).toContain('a-b');
    await page.getByText('Codes on this page').click();
    expect(await page.locator('.codes dd').innerText()).toBe('window: the leaves are walked again');
    // Who scrolls still sees what the bars mean.
    expect(await page.locator('.legend').isVisible()).toBe(true);
    expectQuiet(watched);
  });

  it('folds a long reason', async () => {
    const because = `it ${'goes on and on '.repeat(30)}to the end`;
    const watched = await open({ ...storedRace(), because });
    const folded = watched.page.locator('.verdict details');
    expect(await folded.innerText()).not.toContain('to the end');
    await folded.locator('summary').click();
    expect(await folded.innerText()).toContain('to the end');
    expectQuiet(watched);
  });

  it('shows hostile texts as texts, and what is invisible in them', async () => {
    const hostile =
      '</script><script>document.title="pwned"</script><img src=x onerror=alert(1)>\u202e\u2028\u0007\u0000&lt;';
    const shown =
      '</script><script>document.title="pwned"</script><img src=x onerror=alert(1)>\\u{202e}\\u{2028}\\u{7}\\u{0}&lt;';
    const race = storedRace();
    const watched = await open({
      ...race,
      title: hostile,
      because: hostile,
      guilty: { [hostile]: hostile, d: '$& (.*' },
      property: { ...race.property, id: hostile, text: hostile },
      variables: race.variables.map((variable) => ({ ...variable, name: hostile + variable.name })),
      steps: race.steps.map((step) => ({
        ...step,
        process: hostile,
        label: hostile,
        fn: hostile,
        doc: hostile,
        emits: [{ name: hostile, args: { [hostile]: hostile } }],
        changes: step.changes.map((change) => ({ ...change, before: hostile, after: hostile, path: hostile })),
      })),
    });
    const { page } = watched;
    await page.keyboard.press('End');
    expect(await page.title()).toBe(shown);
    for (const place of ['.subject', 'h1', '.step', '.row >> nth=1', '.state'])
      expect(await page.locator(place).textContent(), place).toContain(shown);
    expect(await page.locator('img, script[src], iframe').count()).toBe(0);
    expectQuiet(watched);
  });

  it('shows the end of a trace that is too long', async () => {
    const { url } = write(storedRace(), { steps: 2, bytes: 1e6 });
    const watched = await watchedPage(browser);
    await watched.page.goto(url);
    expect(await watched.page.locator('.row .number').allInnerTexts()).toEqual(['2', '3', '4']);
    expect(await watched.page.locator('.left').innerText()).toContain('The first 2 steps are left out');
    // Both drivers are in their handlers already.
    expect(await watched.page.locator('.row').nth(1).locator('.handler.inside, .handler.end').count()).toBe(2);
    expectQuiet(watched);
  });

  it('is dark and light by the system and by the button', async () => {
    const { url } = write(storedRace());
    const luminance = ({ page }: Watched) =>
      page.locator('body').evaluate((body) => {
        const [r, g, b] = body.ownerDocument.defaultView
          .getComputedStyle(body)
          .backgroundColor.match(/\d+/g)!
          .map(Number);
        return r + g + b;
      });
    for (const dark of [true, false]) {
      const watched = await watchedPage(browser, dark);
      await watched.page.goto(url);
      expect((await luminance(watched)) < 200).toBe(dark);
      await watched.page.getByRole('button', { name: dark ? 'light' : 'dark' }).click();
      expect((await luminance(watched)) < 200).toBe(!dark);
      expectQuiet(watched);
    }
  });

  it('names everything that a screen reader meets', async () => {
    const watched = await open(storedRace());
    const { page } = watched;
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    const unnamed = await page.locator('button, input, select').evaluateAll(
      (all) =>
        all.filter((one) => {
          const control = one as unknown as { labels: ArrayLike<unknown> | null; textContent: string };
          return !one.getAttribute('aria-label') && control.textContent.trim() === '' && !control.labels?.length;
        }).length,
    );
    expect(unnamed).toBe(0);
    expect(await page.locator('h1').count()).toBe(1);
    // One stop of the Tab key for all steps together.
    expect(await page.locator('.steps button[tabindex="0"]').count()).toBe(1);
    await current(watched).locator('button').focus();
    await page.keyboard.press('ArrowDown');
    expect(
      await current(watched)
        .locator('button')
        .evaluate((one) => one.ownerDocument.activeElement === one),
    ).toBe(true);
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog', { name: 'How to read this page' }).isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expectQuiet(watched);
  });

  it('prints every row with its changes, and no tools', async () => {
    const watched = await open(storedRace());
    const { page } = watched;
    await page.getByLabel('changes in rows').uncheck();
    expect(await page.locator('.row .details').last().isVisible()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.row .details').last().isVisible()).toBe(true);
    expect(await page.locator('.toolbar').isVisible()).toBe(false);
    expect(await page.locator('.verdict').isVisible()).toBe(true);
  });

  it('runs no script but its own, and reaches no network', async () => {
    const watched = await open(storedRace());
    const { page, complaints } = watched;
    await page.locator('body').evaluate((body) => {
      const script = body.ownerDocument.createElement('script');
      script.textContent = 'document.title = "injected"';
      body.append(script);
      body.setAttribute('onclick', 'document.title = "clicked"');
      const image = body.ownerDocument.createElement('img');
      image.src = 'http://127.0.0.1:9/x.png';
      body.append(image);
    });
    await page.locator('h1').click();
    expect(await page.title()).toBe('no-overflow');
    expect(complaints.filter((complaint) => /Content Security Policy/.test(complaint)).length).toBeGreaterThanOrEqual(
      3,
    );
  });

  it('shows a trace of 200 steps, and is small', async () => {
    const race = storedRace();
    const steps = Array.from({ length: 50 }, () => race.steps).flat();
    const { url, html } = write({ ...race, steps });
    expect(html.length).toBeLessThan(500_000);
    const watched = await watchedPage(browser);
    await watched.page.goto(url);
    expect(await watched.page.locator('.row').count()).toBe(201);
    expectQuiet(watched);
  });
});
