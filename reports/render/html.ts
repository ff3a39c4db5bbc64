import { createHash } from 'node:crypto';
import type { RunRecord } from '../record/run-record.ts';
import { checkSections } from './html/checks.ts';
import { faultMatrix } from './html/faults.ts';
import { goalsSection } from './html/goals.ts';
import { gpuSection } from './html/gpu.ts';
import { LIMITS, MAX_PAGE_BYTES } from './html/limits.ts';
import type { Limits } from './html/limits.ts';
import { baselineSection, caveatSection, context, headline, matrix } from './html/overview.ts';
import { SYMBOLS } from './html/parts.ts';
import { SCRIPT } from './html/script.ts';
import { serviceSection } from './html/services.ts';
import { STYLE } from './html/style.ts';
import { html, trusted } from './html/template.ts';

/** The page may load nothing, send nothing and run no script but its own. The browser enforces this. */
const POLICY = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/** Kept out of the template: a formatter would indent the script there, and its hash in the policy would no longer match. */
const INLINE_SCRIPT = trusted(`<script>${SCRIPT}</script>`);
const INLINE_STYLE = trusted(`<style>${STYLE}</style>`);

/** The report as one offline page of at most 2 MB: when a record is too large, less of it is shown, and the page says so. */
export function renderHtml(record: RunRecord): string {
  let text = '';
  for (const limits of LIMITS) {
    text = page(record, limits);
    if (Buffer.byteLength(text) <= MAX_PAGE_BYTES) break;
  }
  return text;
}

function page(record: RunRecord, limits: Limits): string {
  const body = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${record.sentence}</title>
        ${INLINE_STYLE}
      </head>
      <body>
        ${SYMBOLS}<a class="skip" href="#main">Skip to the checks</a>
        <div class="page">
          ${headline(record)}${caveatSection(record)}${baselineSection(record)}${matrix(record)}${goalsSection(record)}${faultMatrix(record)}${serviceSection(record)}${gpuSection(record, limits)}
          <div class="tools js" hidden>
            <button type="button" data-open="all">Expand all</button
            ><button type="button" data-open="none">Collapse all</button>
          </div>
          <main id="main">${checkSections(record, limits)}</main>
          ${context(record)}
          <footer>
            <p>
              Made from run.json (schema ${record.schema}), which holds everything shown here and more.
              <code>npx plumbline judge FOLDER</code>, with the folder of run ${record.id}, judges the
              recorded histories again.
            </p>
          </footer>
        </div>
        ${INLINE_SCRIPT}
      </body>
    </html>`;
  return `${body.text}\n`;
}
