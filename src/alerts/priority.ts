import type { AlertPriority, Confidence } from '../types.ts';

/** Least first. */
export const priorities: readonly AlertPriority[] = ['low', 'medium', 'high', 'critical'];

/** Scores from which a deviation is clear, and gross; 1.0 is the threshold. Our own choice. */
const CLEAR = 2;
const GROSS = 5;

/**
 * The priority by consequence (rows) and deviation: slight, clear, gross. The consequence leads, as ISA-18.2 asks for,
 * because a score says how sure a fault is and not how bad. Only a class that says so has critical alerts.
 */
const matrix: Readonly<Record<AlertPriority, readonly [AlertPriority, AlertPriority, AlertPriority]>> = {
  low: ['low', 'low', 'medium'],
  medium: ['low', 'medium', 'high'],
  high: ['medium', 'high', 'high'],
  critical: ['high', 'critical', 'critical'],
};

/**
 * The priority of an alert with this peak score; one without a score, such as of silence, counts as clear. What is said with
 * low confidence is never more than low.
 */
export function priorityOf(
  consequence: AlertPriority,
  peakScore: number | null,
  confidence: Confidence | null = null,
): AlertPriority {
  if (confidence === 'low') return 'low';
  const [slight, clear, gross] = matrix[consequence];
  const score = peakScore ?? CLEAR;
  if (score >= GROSS) return gross;
  return score >= CLEAR ? clear : slight;
}
