/** What a page is given, and the HTML around it. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { TraceError, contentSecurityPolicy, htmlPage, pageTrace } from '../../src/report/index.js';
import { storedRace } from './example.js';

const assets = { script: 'let a = "<"', style: 'b{}' };
const sha = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

describe('a trace for a page', () => {
  it('holds printed values only, and who takes and gives back a lock', () => {
    const page = pageTrace(storedRace());
    expect(JSON.stringify(page)).not.toContain('encoded');
    expect(page.skipped).toBe(0);
    expect(page.initial).toEqual(['⟨⟩', 'free', 'idle', 'idle']);
    expect(page.steps[3].writes.map(({ variable, value }) => [page.variables[variable].name, value])).toEqual([
      ['ring', '⟨driver0, driver1⟩'],
      ['driver1', 'idle'],
    ]);
  });

  it('makes every text fit to be shown, names of fields too', () => {
    const bad = 'a\u202eb\nc\u0000';
    const good = 'a\\u{202e}b\\nc\\u{0}';
    const race = storedRace();
    const page = pageTrace({ ...race, title: bad, guilty: { [bad]: bad }, scope: { [bad]: bad }, edits: [bad] });
    expect(page).toMatchObject({ title: good, guilty: { [good]: good }, scope: { [good]: good }, edits: [good] });
    expect(Object.keys(page.guilty)).toEqual([good]);
  });

  it('keeps the last steps of one that is too long, in steps or in bytes', () => {
    const race = storedRace();
    expect(pageTrace(race, [], { steps: 3, bytes: 1e6 })).toMatchObject({ skipped: 1, initial: ['⟨⟩', 'free', expect.stringContaining('submit'), 'idle'] }); // prettier-ignore
    const whole = JSON.stringify(pageTrace(race)).length;
    const cut = pageTrace(race, [], { steps: 4, bytes: whole - 1 });
    expect(cut.skipped).toBe(2);
    expect(cut.steps.map(({ action }) => action)).toEqual(['submit/lock/put', 'submit/lock/put']);
    expect(() => pageTrace(race, [], { steps: 4, bytes: 100 })).toThrow(TraceError);
  });

  it('says what its variables are, where the model does', () => {
    const page = pageTrace(storedRace(), [
      { name: 'ring', doc: 'requests\u202e' },
      { name: 'other', doc: 'x' },
    ]);
    expect(page.variables.map(({ name, doc }) => [name, doc])).toEqual([
      ['ring', 'requests\\u{202e}'],
      ['ring_lock', ''],
      ['driver0', ''],
      ['driver1', ''],
    ]);
  });

  it('keeps an empty trace', () => {
    expect(pageTrace({ ...storedRace(), steps: [] })).toMatchObject({ skipped: 0, steps: [] });
  });
});

describe('the page', () => {
  it('allows its own script and style by their digests, and nothing else', () => {
    const html = htmlPage('t', {}, assets);
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)![1];
    expect(policy).toBe(contentSecurityPolicy(assets));
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src '${sha(assets.script)}'`,
      `style-src '${sha(assets.style)}'`,
      "connect-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(html).toContain(`<script>${assets.script}</script>`);
    expect(html).toContain(`<style>${assets.style}</style>`);
  });

  it('has data that can end no element, and a title that can begin none', () => {
    const data = { '</script>': '<!--\u2028\u2029&<script>' };
    const html = htmlPage('<b>"&', data, assets);
    const json = /id="data">(.*?)<\/script>/s.exec(html)![1];
    expect(json).not.toMatch(/[<>&\u2028\u2029]/);
    expect(JSON.parse(json)).toEqual(data);
    expect(html).toContain('<title>&lt;b&gt;&quot;&amp;</title>');
  });
});
