import { isEscalation } from '../escalation-text.ts';
import type { Notification } from '../sink.ts';
import { alertUrl } from './alert-document.ts';
import { facts, headline, isUrgent, shortened, told } from './alert-text.ts';
import { placeOf, worstPriority } from './group-text.ts';

/** Limits of Block Kit (https://docs.slack.dev/reference/block-kit/blocks): header, text of a section and of a field. */
const HEADER_LENGTH = 150;
const SECTION_LENGTH = 3000;
const FIELD_LENGTH = 2000;
const MOST_FIELDS = 10;

/** The body of an incoming webhook of Slack (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks). */
export function slackPayload(notification: Notification, externalUrl: string): object {
  const { alert, group } = notification;
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
      {
        type: 'section',
        text: { type: 'mrkdwn', text: shortened(escaped(told(notification).join('\n')), SECTION_LENGTH) },
      },
      { type: 'section', fields },
      {
        type: 'context',
        elements: [
          {
            type: 'mrkdwn',
            text: `<${alertUrl(alert, externalUrl)}|Show the ${group === undefined ? 'alert' : 'first alert'}>`,
          },
        ],
      },
    ],
  };
}

function title({ alert, transition, group }: Notification): string {
  const subject = group === undefined ? alert.assetId : `${group.total} alerts, ${placeOf(group)}`;
  if (transition === 'resolved') return `🟢 RESOLVED ${subject}`;
  const priority = worstPriority(group?.alerts ?? [alert]);
  const flood = group?.flood === true ? 'FLOOD ' : '';
  const escalated = (group?.alerts ?? [alert]).some(isEscalation) ? 'ESCALATED ' : '';
  return `${isUrgent({ priority }) ? '🔴' : '🟠'} ${escalated}${flood}${priority.toUpperCase()} ${subject}`;
}

/** Slack reads `<!channel>` as a call to everybody: https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
