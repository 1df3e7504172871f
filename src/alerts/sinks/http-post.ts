import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '../../errors.ts';
import type { DeliveryResult } from '../sink.ts';
import { guardedLookup, isLinkLocal, LINK_LOCAL_REFUSED } from './link-local.ts';
import type { TlsOptions } from './tls-options.ts';

/** Client errors that can pass by themselves: request timeout, too early, too many requests. */
const PASSING_CLIENT_ERRORS: ReadonlySet<number> = new Set([408, 425, 429]);
/** As much of an answer as helps to see what the receiver did not like. */
const ANSWER_LENGTH = 200;

export interface PostOptions {
  /** Absolute, `http:` or `https:`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly tls: TlsOptions;
  readonly allowLinkLocal: boolean;
  /** What must not be shown, should the receiver repeat it. */
  readonly secrets: readonly string[];
}

/**
 * Posts and judges the answer. Any 2xx is a success. Network errors, timeouts, 408, 425, 429 and 5xx are worth another
 * attempt, not before `Retry-After` when it is given in seconds (a date is not read: the backoff of the delivery
 * stands). Redirects are not followed, because an alert must not go to a place that nobody configured. Never rejects.
 */
export async function post(options: PostOptions, signal: AbortSignal): Promise<DeliveryResult> {
  const limit = AbortSignal.timeout(options.timeoutMs);
  try {
    if (!options.allowLinkLocal && isLinkLocal(new URL(options.url).hostname)) {
      return { ok: false, retryable: false, reason: LINK_LOCAL_REFUSED };
    }
    return resultOf(await exchange(options, AbortSignal.any([signal, limit])), options.secrets);
  } catch (error) {
    const reason = limit.aborted ? `no answer within ${options.timeoutMs} ms` : networkReason(error);
    return { ok: false, retryable: true, reason: hidden(reason, options.secrets) };
  }
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string;
  readonly text: string;
}

function exchange(options: PostOptions, signal: AbortSignal): Promise<Answer> {
  const url = new URL(options.url);
  const { ca, cert, key, verify } = options.tls;
  const tls = {
    rejectUnauthorized: verify,
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
  };
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, {
      method: 'POST',
      headers: { ...options.headers, 'Content-Length': String(Buffer.byteLength(options.body)) },
      // Alerts are rare: a kept connection would be dead at the next one.
      agent: false,
      signal,
      ...(options.allowLinkLocal ? {} : { lookup: guardedLookup }),
      ...(url.protocol === 'https:' ? tls : {}),
    });
    request.on('error', reject);
    request.once('response', (response: IncomingMessage) => {
      let text = '';
      const done = (): void => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, retryAfter: headers['retry-after'] ?? '', text });
        request.destroy();
      };
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > ANSWER_LENGTH) done();
      });
      response.once('end', done);
      response.on('error', reject);
    });
    request.end(options.body);
  });
}

function resultOf({ status, retryAfter, text }: Answer, secrets: readonly string[]): DeliveryResult {
  if (status >= 200 && status < 300) return { ok: true };
  const said = hidden(text, secrets).replace(/\s+/g, ' ').trim().slice(0, ANSWER_LENGTH);
  const why = status >= 300 && status < 400 ? 'redirects are not followed' : said;
  const reason = why === '' ? `HTTP ${status}` : `HTTP ${status}: ${why}`;
  const retryable = status >= 500 || PASSING_CLIENT_ERRORS.has(status);
  if (!retryable || !/^\d{1,9}$/.test(retryAfter)) return { ok: false, retryable, reason };
  return { ok: false, retryable, reason, retryAfterMs: Number(retryAfter) * 1000 };
}

function hidden(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '(hidden)'), text);
}

/** The code of a failed connection says more than its message, and a name with several addresses has no message. */
function networkReason(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code === 'ABORT_ERR' ? 'stopped' : error.code;
  }
  return messageOf(error);
}
