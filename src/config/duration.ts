const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What a duration looks like in the configuration: `500ms`, `1.5s`, `10m`, `2h`, `30d`. */
export const durationPattern = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$';

/** Milliseconds of a duration such as `10m`. The text must match {@link durationPattern}. */
export function durationMs(text: string): number {
  const unit = /[a-z]+$/.exec(text)?.[0] ?? '';
  return Math.round(Number.parseFloat(text) * (unitMs[unit] ?? Number.NaN));
}
