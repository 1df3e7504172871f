import { badParameter } from './api-error.ts';

/** `['site:north']` as `{ site: 'north' }`; a label's value may have colons in it, its name may not. */
export function labelsOf(texts: readonly string[] | undefined): { labels?: Record<string, string> } {
  if (texts === undefined || texts.length === 0) return {};
  const labels: Record<string, string> = {};
  for (const text of texts) {
    const colon = text.indexOf(':');
    const name = text.slice(0, colon);
    if (Object.hasOwn(labels, name)) {
      throw badParameter('label', `${name} is given twice`, 'An asset has one value for each label.');
    }
    labels[name] = text.slice(colon + 1);
  }
  return { labels };
}

/** Epoch ms of an RFC 3339 time. */
export function timeOf(parameter: string, text: string): number {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at;
  throw badParameter(parameter, `${text} is no time`, 'Write times like 2026-01-31T12:00:00Z.');
}
