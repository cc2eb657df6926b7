/** A real browser for tests, and everything that it complains of or asks for. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

const program = '/usr/bin/chromium';

/** Is there one? */
export const hasChromium = existsSync(program);

/** The title of a group of tests that needs one. */
export const inChromium = (title: string): string =>
  hasChromium ? title : `${title}: skipped, because there is no ${program}`;

/** Starts it. Without its sandbox, which root may not use; what it opens here is ours. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu'] });

/** A page, what its console said, and which addresses it asked for. */
export interface Watched {
  readonly page: Page;
  readonly complaints: string[];
  readonly requests: string[];
}

/** A fresh page on which nothing goes unnoticed. */
export async function watchedPage(browser: Browser, dark = false): Promise<Watched> {
  const page = await browser.newPage({
    viewport: { width: 1300, height: 850 },
    colorScheme: dark ? 'dark' : 'light',
  });
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('request', (request) => requests.push(request.url()));
  return { page, complaints, requests };
}
