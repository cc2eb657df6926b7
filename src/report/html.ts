/** One self-contained HTML page. It may run its own script and nothing else, and can't reach any network. */
import { createHash } from 'node:crypto';

/** What the page is made of: a script and a style, as the build bundled them. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/** The policy: only this script and this style, and connections only where `connect` says (nowhere without it). */
export function contentSecurityPolicy({ script, style }: PageAssets, connect = "'none'"): string {
  return [
    "default-src 'none'",
    `script-src '${digest(script)}'`,
    `style-src '${digest(style)}'`,
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/**
 * The page with its data, which is plain data and may come from anybody.
 * @param title shown in the browser's tab
 */
export function htmlPage(title: string, data: unknown, assets: PageAssets, connect?: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(assets, connect)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${assets.style}</style>
</head>
<body>
<div id="app"><noscript>This page draws itself with JavaScript, which is switched off here. "ringfence show" prints the same trace as text.</noscript></div>
<script type="application/json" id="data">${jsonForHtml(data)}</script>
<script>${assets.script}</script>
</body>
</html>
`;
}

/** JSON that can stand in an HTML element, and in JavaScript: no `<`, `>`, `&` or line separator is left in it. */
export const jsonForHtml = (data: unknown): string =>
  JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character]);

const digest = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
