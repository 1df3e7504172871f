import type { Notification } from '../sink.ts';
import { alertUrl } from './alert-document.ts';
import { facts, headline, shortened, told } from './alert-text.ts';

/** What a phone shows of a subject without cutting it is less; what a list in a mail program shows is about this. */
const SUBJECT_LENGTH = 120;

export interface EmailMessage {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
  readonly inReplyTo?: string;
  readonly references?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * One mail. Its Message-ID is made of the alert's, so that a mail which is sent twice can be known as one, and the end of
 * an alert answers its beginning. `domain` is that of the sender.
 */
export function emailMessage(notification: Notification, externalUrl: string, domain: string): EmailMessage {
  const { alert, transition, group } = notification;
  const title = headline(notification);
  const asked = facts(notification);
  const list = group === undefined ? [] : told(notification);
  const channels = (group === undefined ? alert.channels : []).map(
    ({ channel, unit, share, actual, expected }) =>
      [
        channel,
        `${shown(actual, unit)}, expected ${shown(expected, unit)}, ${Math.round(share * 100)} % of the score`,
      ] as const,
  );
  const url = alertUrl(alert, externalUrl);
  const first = `<${alert.id}.firing@${domain}>`;
  // Told again, the same alert is another mail: many servers drop one whose Message-ID they have seen.
  const plain = `${alert.id}:${transition}:`;
  const key = notification.idempotencyKey;
  const isPlain = group === undefined && key.startsWith(plain) && !key.slice(plain.length).includes(':');
  const own = isPlain
    ? `<${alert.id}.${transition}@${domain}>`
    : `<${key.replace(/[^\w.-]/g, '.')}@${domain}>`;
  const answers = group === undefined && own !== first;
  const lines = (pairs: readonly (readonly [string, string])[]) =>
    pairs.map(([name, value]) => `${name}: ${value}`).join('\n');
  const rows = [...asked, ...channels]
    .map(([name, value]) => `<tr><th align="left">${escaped(name)}</th><td>${escaped(value)}</td></tr>`)
    .join('\n');
  return {
    subject: shortened(title, SUBJECT_LENGTH),
    text: [
      title,
      ...(list.length === 0 ? [] : [list.join('\n')]),
      lines(asked),
      ...(channels.length === 0 ? [] : [lines(channels)]),
      url,
    ].join('\n\n'),
    html: `<!doctype html>\n<html><body>\n<p><strong>${escaped(title)}</strong></p>\n${items(list)}<table cellpadding="4">\n${rows}\n</table>\n<p><a href="${escaped(url)}">Show the alert</a></p>\n</body></html>\n`,
    messageId: own,
    ...(answers ? { inReplyTo: first, references: first } : {}),
    // RFC 3834: no answering machine shall answer.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Forewarn-Alert': alert.id },
  };
}

function items(list: readonly string[]): string {
  if (list.length === 0) return '';
  return `<ul>\n${list.map((line) => `<li>${escaped(line)}</li>`).join('\n')}\n</ul>\n`;
}

function shown(value: number | null, unit: string): string {
  if (value === null) return 'missing';
  return unit === '' ? String(value) : `${value} ${unit}`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
