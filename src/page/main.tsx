/** What runs in the browser: it reads the data that stands in the page, and draws it. */
import { render } from 'preact';
import { TracePage } from './trace-page.js';
import { WalkPage } from './walk-page.js';
import type { PageData } from '../report/page-data.js';
import './style.css';

const data = JSON.parse(document.getElementById('data')?.textContent ?? 'null') as PageData;
const app = document.getElementById('app')!;
if (data.kind === 'trace') render(<TracePage {...data} />, app);
else render(<WalkPage {...data} />, app);
