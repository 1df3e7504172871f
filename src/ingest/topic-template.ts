import { ForewarnError } from '../errors.ts';

/** The label that names a channel in a template of scalar topics; it is no part of the asset's identity. */
const CHANNEL_LABEL = 'channel';
const LABEL_NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;

export interface TopicTemplate {
  /** Literal text of each segment, or null where a label stands. */
  readonly literals: readonly (string | null)[];
  /** Labels that identify the asset, in the order of the template, with their segment. */
  readonly labels: readonly { readonly name: string; readonly segment: number }[];
  /** Segment of `{channel}`; -1 when the payload holds the channels. */
  readonly channelSegment: number;
}

/**
 * Reads a template such as `plant/{site}/{asset}/telemetry`: every segment is literal or exactly one `{label}`.
 * Throws {@link ForewarnError} `TOPIC_TEMPLATE_INVALID`, with the mend as its hint.
 */
export function parseTopicTemplate(text: string): TopicTemplate {
  const fail = (message: string, hint: string): never => {
    throw new ForewarnError('TOPIC_TEMPLATE_INVALID', `Topic template "${text}": ${message}`, { hint });
  };
  const literals: (string | null)[] = [];
  const labels: { name: string; segment: number }[] = [];
  let channelSegment = -1;
  for (const [segment, part] of text.split('/').entries()) {
    if (part.includes('+') || part.includes('#')) {
      fail('+ and # are not allowed', 'Write {name} where any text may stand.');
    }
    if (!part.includes('{') && !part.includes('}')) {
      literals.push(part);
      continue;
    }
    const name = part.slice(1, -1);
    if (!part.startsWith('{') || !part.endsWith('}') || !LABEL_NAME.test(name)) {
      fail(
        `"${part}" is neither text nor one {label}`,
        'A label fills its segment: letters, digits, _ and -.',
      );
    }
    if (labels.some((label) => label.name === name) || (name === CHANNEL_LABEL && channelSegment >= 0)) {
      fail(`{${name}} stands twice`, 'Give every label its own name.');
    }
    literals.push(null);
    if (name === CHANNEL_LABEL) channelSegment = segment;
    else labels.push({ name, segment });
  }
  if (labels.length === 0) fail('no label names the asset', 'Add one, such as plant/{asset}/telemetry.');
  return { literals, labels, channelSegment };
}

/** Whether a topic, split at `/`, has the template's shape. What the labels caught is not judged. */
export function matchesTemplate(template: TopicTemplate, segments: readonly string[]): boolean {
  const { literals } = template;
  if (segments.length !== literals.length) return false;
  for (let i = 0; i < literals.length; i++) {
    const literal = literals[i];
    if (literal !== null && literal !== segments[i]) return false;
  }
  return true;
}

/** The MQTT subscription filter that catches every topic of a template: each label becomes `+`. */
export function subscriptionFilter(template: string): string {
  return parseTopicTemplate(template)
    .literals.map((literal) => literal ?? '+')
    .join('/');
}
