import type { Notification } from '../sink.ts';
import { alertUrl } from './alert-document.ts';
import { facts, headline, isUrgent, shortened, told } from './alert-text.ts';
import { worstPriority } from './group-text.ts';

/** A message of Teams may have 28 KB (https://learn.microsoft.com/microsoftteams/limits-specifications-teams); this is well below. */
const TEXT_LENGTH = 1500;

/**
 * The body of a webhook of Teams Workflows: a message with one Adaptive Card (https://adaptivecards.io/explorer). All
 * that comes from the plant stands in text runs, since text blocks and fact sets read Markdown and would make links of it.
 */
export function teamsPayload(notification: Notification, externalUrl: string): object {
  const { alert, transition, group } = notification;
  const priority = worstPriority(group?.alerts ?? [alert]);
  const color = transition === 'resolved' ? 'good' : isUrgent({ priority }) ? 'attention' : 'warning';
  const lines = group === undefined ? [] : told(notification);
  const run = (text: string, style: object = {}) => ({
    type: 'TextRun',
    text: shortened(text, TEXT_LENGTH),
    ...style,
  });
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: [
            {
              type: 'RichTextBlock',
              inlines: [run(headline(notification), { size: 'large', weight: 'bolder', color })],
            },
            ...lines.map((line) => ({ type: 'RichTextBlock', spacing: 'small', inlines: [run(line)] })),
            ...facts(notification).map(([name, value]) => ({
              type: 'RichTextBlock',
              spacing: 'small',
              inlines: [run(`${name}: `, { weight: 'bolder' }), run(value)],
            })),
          ],
          actions: [{ type: 'Action.OpenUrl', title: 'Show the alert', url: alertUrl(alert, externalUrl) }],
        },
      },
    ],
  };
}
