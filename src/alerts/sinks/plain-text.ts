import { rfc3339 } from '../rfc3339.ts';

/** Names come from topics, which may hold any character; a line break would make two lines of one. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
  return text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ');
}

/** `2026-01-31 23:59:59 UTC`. */
export function shownTime(at: number): string {
  return `${rfc3339(at).slice(0, 19).replace('T', ' ')} UTC`;
}

/** `2 h 5 min`, `15 min 0 s` or `40 s`. */
export function shownDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
