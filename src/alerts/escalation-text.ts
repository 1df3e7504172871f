import type { Alert, EscalationCause } from '../types.ts';
import { oneLine, shownDuration } from './sinks/plain-text.ts';

/** `on-call: nobody has acknowledged it for 15 min 0 s`, or `on-call: escalated by ada, ...`. */
export function escalationText({ step, unansweredMs, by }: EscalationCause): string {
  const why = [
    ...(by === null ? [] : [`escalated by ${oneLine(by)}`]),
    ...(unansweredMs === null ? [] : [`nobody has acknowledged it for ${shownDuration(unansweredMs)}`]),
  ];
  return `${step}: ${why.join(', ')}`;
}

/** Whether it is told because nobody answers it, and still fires. */
export function isEscalation({ state, escalated }: Pick<Alert, 'state' | 'escalated'>): boolean {
  return state === 'firing' && escalated !== undefined;
}
