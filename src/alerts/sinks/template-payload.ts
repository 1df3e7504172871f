import mustache from 'mustache';
import { ForewarnError, messageOf } from '../../errors.ts';
import type { Alert } from '../../types.ts';
import type { Notification } from '../sink.ts';
import { alertDocument } from './alert-document.ts';
import { headline, told } from './alert-text.ts';
import { sampleAlert } from './sample-alert.ts';

/** Gives the body of a request, which is JSON. */
export type TemplateBody = (notification: Notification, externalUrl: string) => string;

/**
 * A body by a Mustache template (https://mustache.github.io/mustache.5.html), which can look values up and go through
 * lists and can do nothing else. Values are escaped for the inside of a JSON string, so that no name from the plant can
 * break out of it. Tried at once on an alert of every kind.
 * @throws ForewarnError `TEMPLATE_INVALID` when one of them does not become JSON, or at unescaped tags and partials
 */
export function createTemplateBody(template: string): TemplateBody {
  const body: TemplateBody = (notification, externalUrl) => {
    const text = mustache.render(template, viewOf(notification, externalUrl), undefined, { escape: escaped });
    JSON.parse(text);
    return text;
  };
  try {
    if (/\{\{\s*[{&>=]/.test(template))
      throw new Error('{{{ }}}, {{& }}, {{> }} and {{= =}} are not allowed');
    for (const alert of samples) {
      body({ idempotencyKey: 'template', transition: alert.state, alert }, 'http://forewarn.example');
    }
  } catch (error) {
    throw new ForewarnError('TEMPLATE_INVALID', `does not become JSON: ${messageOf(error)}`, {
      cause: error,
      hint: 'Quote each {{value}} that may be missing, such as "score": "{{score}}": an alert of a silent asset has no score.',
    });
  }
  return body;
}

const samples: readonly Alert[] = [
  sampleAlert({}),
  sampleAlert({ state: 'resolved', resolvedAt: 2000 }),
  sampleAlert({ rule: 'silent', score: null, peakScore: null, model: null, channels: [], action: null }),
];

/** A copy that holds data alone: Mustache would call functions, and look up what objects inherit. */
function viewOf(notification: Notification, externalUrl: string): object {
  const { alert, transition, idempotencyKey, group } = notification;
  const view = {
    ...alertDocument(alert, externalUrl),
    transition,
    firing: transition === 'firing',
    resolved: transition === 'resolved',
    headline: headline(notification),
    idempotency_key: idempotencyKey,
    ...(group === undefined
      ? {}
      : {
          summary: [headline(notification), ...told(notification)].join('\n'),
          group: { ...group, alerts: group.alerts.map((one) => alertDocument(one, externalUrl)) },
        }),
  };
  return JSON.parse(JSON.stringify(view), (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.assign(Object.create(null), value)
      : value,
  ) as object;
}

function escaped(value: unknown): string {
  return JSON.stringify(String(value)).slice(1, -1);
}
