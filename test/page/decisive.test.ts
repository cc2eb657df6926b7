/** Decisive steps on the page: a sign, its words, and a key that leads from one to the next. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { pageAssets } from '../../src/cli/page.js';
import { htmlPage, pageTrace, type PageData } from '../../src/report/index.js';
import { built } from '../cli/run.js';
import { storedRace } from '../report/example.js';
import { hasChromium, inChromium, startChromium, watchedPage } from './chromium.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-decisive-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasChromium)(inChromium('decisive steps on the page'), () => {
  it('are marked, and lead from one to the next', async () => {
    await built();
    const about = { about: '', commands: [], codes: {} };
    const data: PageData = { kind: 'trace', trace: pageTrace(storedRace()), ...about };
    const file = path.join(folder, 'page.html');
    writeFileSync(file, htmlPage('race', data, pageAssets()));
    const browser = await startChromium();
    try {
      const { page, complaints } = await watchedPage(browser);
      await page.goto(pathToFileURL(file).href);
      const why = 'without this change of ring, no-overflow would hold at the end';
      const marked = page.locator('.row.decisive');
      expect(await marked.count()).toBe(1);
      expect(await marked.innerText()).toContain(`» ${why}`);
      const style = `getComputedStyle(document.querySelector('.row.decisive .number'), '::before').content`;
      const sign = await page.evaluate(style);
      expect(sign).toContain('»');
      expect(await page.locator('.legend').innerText()).toContain('»: a step that decided it');
      await page.keyboard.press('m');
      expect(await page.locator('[aria-current="step"] .number').innerText()).toBe('4');
      expect(await page.locator('section.step').innerText()).toContain(why);
      expect(await page.getByRole('status').innerText()).toContain(`Decisive: ${why}`);
      await page.keyboard.press('Home');
      await page.keyboard.press('Shift+M');
      expect(await page.locator('[aria-current="step"]').innerText()).toContain('initial state');
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
