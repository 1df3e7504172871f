/**
 * What receivers document of the bodies that they accept, as JSON Schemas written from their pages. They are stricter
 * than the receivers where Forewarn sends less than is allowed: a key that is not known here is a mistake here.
 */
const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength });
const closed = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
});

/**
 * Incoming webhook with blocks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and, for the
 * limits, https://docs.slack.dev/reference/block-kit/blocks (header, section, context; at most 50 blocks).
 */
const mrkdwn = (maxLength: number) => closed({ type: { const: 'mrkdwn' }, text: text(maxLength) });
export const slackShape = closed({
  text: text(40_000),
  blocks: {
    type: 'array',
    minItems: 1,
    maxItems: 50,
    items: {
      anyOf: [
        closed({
          type: { const: 'header' },
          text: closed({ type: { const: 'plain_text' }, emoji: { type: 'boolean' }, text: text(150) }),
        }),
        closed({ type: { const: 'section' }, text: mrkdwn(3000) }),
        closed({
          type: { const: 'section' },
          fields: { type: 'array', minItems: 1, maxItems: 10, items: mrkdwn(2000) },
        }),
        closed({
          type: { const: 'context' },
          elements: { type: 'array', minItems: 1, maxItems: 10, items: mrkdwn(3000) },
        }),
      ],
    },
  },
});

/**
 * Message of a Workflows webhook:
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook; the card by
 * http://adaptivecards.io/schemas/adaptive-card.json (RichTextBlock and TextRun since 1.2).
 */
const run = closed(
  {
    type: { const: 'TextRun' },
    text: { type: 'string', minLength: 1 },
    size: { enum: ['default', 'small', 'medium', 'large', 'extraLarge'] },
    weight: { enum: ['default', 'lighter', 'bolder'] },
    color: { enum: ['default', 'dark', 'light', 'accent', 'good', 'warning', 'attention'] },
  },
  ['size', 'weight', 'color'],
);
export const teamsShape = closed({
  type: { const: 'message' },
  attachments: {
    type: 'array',
    minItems: 1,
    maxItems: 1,
    items: closed({
      contentType: { const: 'application/vnd.microsoft.card.adaptive' },
      contentUrl: { type: 'null' },
      content: closed({
        $schema: { const: 'http://adaptivecards.io/schemas/adaptive-card.json' },
        type: { const: 'AdaptiveCard' },
        version: { enum: ['1.2', '1.3', '1.4', '1.5'] },
        msteams: closed({ width: { const: 'Full' } }),
        body: {
          type: 'array',
          minItems: 1,
          items: closed(
            {
              type: { const: 'RichTextBlock' },
              spacing: { enum: ['default', 'none', 'small', 'medium', 'large'] },
              inlines: { type: 'array', minItems: 1, items: run },
            },
            ['spacing'],
          ),
        },
        actions: {
          type: 'array',
          items: closed({
            type: { const: 'Action.OpenUrl' },
            title: text(100),
            url: { type: 'string', pattern: '^https?://' },
          }),
        },
      }),
    }),
  },
});

/** https://developer.pagerduty.com/docs/send-alert-event: `payload` of a trigger, and the limits of each field. */
export const pagerDutyShape = closed({
  routing_key: { type: 'string', minLength: 32, maxLength: 32 },
  event_action: { enum: ['trigger', 'acknowledge', 'resolve'] },
  dedup_key: text(255),
  client: text(255),
  client_url: { type: 'string', pattern: '^https?://' },
  links: {
    type: 'array',
    items: closed({ href: { type: 'string', pattern: '^https?://' }, text: text(255) }),
  },
  payload: closed(
    {
      summary: text(1024),
      source: text(255),
      severity: { enum: ['critical', 'error', 'warning', 'info'] },
      timestamp: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' },
      component: text(255),
      group: text(255),
      class: text(255),
      custom_details: { type: 'object' },
    },
    ['component'],
  ),
});

/** `postableAlerts` of https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
const labels = {
  type: 'object',
  additionalProperties: { type: 'string' },
};
const time = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$' };
export const alertmanagerShape = {
  type: 'array',
  items: closed({
    labels: { ...labels, propertyNames: { pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }, required: ['alertname'] },
    annotations: labels,
    startsAt: time,
    endsAt: time,
    generatorURL: { type: 'string', pattern: '^https?://' },
  }),
};
