/** What became of one write. */
export type WriteResult =
  | { readonly kind: 'written' }
  /** InfluxDB wrote all points but those it will never take. */
  | { readonly kind: 'partial'; readonly refused: number; readonly reason: string }
  /** It wrote none, because one of them (or their number) is wrong: fewer at a time may pass. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The same points may pass later. */
  | { readonly kind: 'away'; readonly reason: string; readonly retryAfterMs?: number };

/** What a server said. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter?: string | undefined;
}

/**
 * Reads an answer that is no success. Points are given up only where InfluxDB itself says that it will never take
 * them: a 400 that does not speak its language comes from something in between, or from an address that is wrong,
 * and wrong credentials or a missing database can be mended. 1.x: https://docs.influxdata.com/influxdb/v1/tools/api,
 * 2.x answers 422 for points out of retention, 3.x lists the lines that it refused.
 */
export function resultOf({ status, body, retryAfter }: Answer): WriteResult {
  const said = saidBy(body);
  const reason = reasonOf({ status, body });
  if (status === 413) return { kind: 'refused', reason };
  if ((status === 400 || status === 422) && said !== null) {
    if (!body.includes('partial write')) return { kind: 'refused', reason };
    return { kind: 'partial', refused: refusedIn(body), reason };
  }
  const seconds = retryAfter ?? '';
  if (!/^\d{1,9}$/.test(seconds)) return { kind: 'away', reason };
  return { kind: 'away', reason, retryAfterMs: Number(seconds) * 1000 };
}

/** The status, and what the server said of it. */
export function reasonOf({ status, body }: Answer): string {
  const said = saidBy(body);
  return `HTTP ${status}${said === null ? '' : `: ${said}`}`;
}

/** The reason without its numbers of points, so that the same trouble is the same text. */
export function withoutCounts(reason: string): string {
  return reason.replaceAll(/\s*dropped=\d+/g, '');
}

/** 1.x counts what its storage refused and lists what it could not parse; 3.x lists all. */
function refusedIn(body: string): number {
  const dropped = Number(/dropped=(\d+)/.exec(body)?.[1] ?? 0);
  const listed = body.match(/unable to parse|"line_number"/g)?.length ?? 0;
  return Math.max(1, dropped + listed);
}

const LONGEST_REASON = 300;

function saidBy(body: string): string | null {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null) return null;
    const { error, message } = parsed as { error?: unknown; message?: unknown };
    const said = typeof error === 'string' ? error : message;
    return typeof said === 'string' ? said.slice(0, LONGEST_REASON) : null;
  } catch {
    return null;
  }
}
