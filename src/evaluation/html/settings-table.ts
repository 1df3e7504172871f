import { html, type Markup } from './markup.ts';

/** Every setting by its dotted name. */
export function settingsTable(settings: Readonly<Record<string, unknown>>): Markup {
  return html`<div class="scroll" role="region" aria-label="Settings" tabindex="0"><table id="settings">
<thead><tr><th scope="col" class="text">Setting</th><th scope="col" class="text">Value</th></tr></thead>
<tbody>${flattened(settings, '').map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td class="text">${value}</td></tr>
`,
  )}</tbody></table></div>`;
}

function flattened(settings: object, prefix: string): [string, string][] {
  return Object.entries(settings).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    const name = prefix + key;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return flattened(value, `${name}.`);
    }
    return [[name, typeof value === 'string' ? value : (JSON.stringify(value) ?? '–')]];
  });
}
