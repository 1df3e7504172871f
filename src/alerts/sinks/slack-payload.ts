import type { Notification } from '../sink.ts';
import { alertUrl } from './alert-document.ts';
import { facts, headline, isUrgent, shortened } from './alert-text.ts';

/** Limits of Block Kit (https://docs.slack.dev/reference/block-kit/blocks): header, text of a section and of a field. */
const HEADER_LENGTH = 150;
const SECTION_LENGTH = 3000;
const FIELD_LENGTH = 2000;
const MOST_FIELDS = 10;

/** The body of an incoming webhook of Slack (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks). */
export function slackPayload(notification: Notification, externalUrl: string): object {
  const { alert } = notification;
  const fields = facts(notification)
    .slice(0, MOST_FIELDS)
    .map(([name, value]) => ({
      type: 'mrkdwn',
      text: shortened(`*${name}*\n${escaped(value)}`, FIELD_LENGTH),
    }));
  return {
    // For notifications and for clients that show no blocks.
    text: shortened(escaped(headline(notification)), SECTION_LENGTH),
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', emoji: true, text: shortened(title(notification), HEADER_LENGTH) },
      },
      { type: 'section', text: { type: 'mrkdwn', text: shortened(escaped(alert.summary), SECTION_LENGTH) } },
      { type: 'section', fields },
      {
        type: 'context',
        elements: [{ type: 'mrkdwn', text: `<${alertUrl(alert, externalUrl)}|Show the alert>` }],
      },
    ],
  };
}

function title({ alert, transition }: Notification): string {
  if (transition === 'resolved') return `🟢 RESOLVED ${alert.assetId}`;
  return `${isUrgent(alert) ? '🔴' : '🟠'} ${alert.priority.toUpperCase()} ${alert.assetId}`;
}

/** Slack reads `<!channel>` as a call to everybody: https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
