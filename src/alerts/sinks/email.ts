import { createTransport, type NodemailerError } from 'nodemailer';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { DeliveryResult, Notification, Sink } from '../sink.ts';
import { emailMessage } from './email-message.ts';
import { EMAIL_SINK } from './sink-names.ts';
import type { TlsOptions } from './tls-options.ts';

export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the start, by STARTTLS or else no mail, or none. */
  readonly encryption: 'implicit' | 'starttls' | 'none';
  readonly username: string | null;
  readonly password: string | null;
  /** An address, with a name before it or not: `Forewarn <forewarn@plant.example>`. */
  readonly from: string;
  /** At least one. */
  readonly to: readonly string[];
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly tls: TlsOptions;
  readonly externalUrl: () => string;
  readonly log: Logger;
}

/** An answer to one recipient, or to the message. */
type Refusal = Partial<Pick<NodemailerError, 'code' | 'responseCode' | 'recipient'>>;

/**
 * Sends one mail for every transition. A server that refuses for good (5xx to the sender, to all recipients or to the
 * message) makes a dead letter; everything else is tried again, a refused login too, since somebody can mend it.
 * Recipients who are put off for a while are tried again alone, those who are refused for good are named in the log.
 */
export function createEmailSink(options: EmailOptions): Sink {
  const { from, to, timeoutMs, externalUrl, log } = options;
  const transport = createTransport(transportOptions(options));
  const domain = /@([^@\s<>]+)>?\s*$/.exec(from)?.[1] ?? 'forewarn.invalid';
  // Who has the notification in hand, since another attempt must not send it to them again.
  let served: { readonly key: string; readonly done: Set<string> } = { key: '', done: new Set() };

  async function send(notification: Notification, signal: AbortSignal): Promise<DeliveryResult> {
    const { idempotencyKey: key } = notification;
    if (served.key !== key) served = { key, done: new Set() };
    const open = to.filter((address) => !served.done.has(address));
    if (open.length === 0) return { ok: true };
    const { messageId, ...message } = emailMessage(notification, externalUrl(), domain);
    const info = await transport.sendMail({
      ...message,
      headers: { ...message.headers },
      messageId,
      from,
      to: [...to],
      envelope: { from, to: open },
      disableFileAccess: true,
      disableUrlAccess: true,
      signal,
    });
    const refusals: readonly Refusal[] = info.rejectedErrors ?? [];
    const refused = new Set(refusals.map(({ recipient }) => recipient));
    const putOff = new Set(refusals.filter((each) => !isFinal(each)).map(({ recipient }) => recipient));
    for (const address of open) if (!putOff.has(bare(address))) served.done.add(address);
    const lost = [...refused].filter((recipient) => !putOff.has(recipient));
    if (lost.length > 0)
      log.warn({ recipients: lost }, 'the mail server refuses recipients of alerts for good');
    if (putOff.size === 0) return { ok: true };
    return { ok: false, retryable: true, reason: `${putOff.size} of ${to.length} recipients are put off` };
  }

  return {
    name: EMAIL_SINK,
    async deliver(notification, signal) {
      const limit = AbortSignal.timeout(timeoutMs);
      try {
        return await send(notification, AbortSignal.any([signal, limit]));
      } catch (error) {
        if (signal.aborted) return { ok: false, retryable: true, reason: 'stopped' };
        if (limit.aborted) {
          return { ok: false, retryable: true, reason: `no answer within ${timeoutMs} ms` };
        }
        const failure = error as Partial<NodemailerError>;
        const answers: readonly Refusal[] = failure.rejectedErrors ?? [failure];
        return { ok: false, retryable: !answers.every(isFinal), reason: hidden(messageOf(error), options) };
      }
    },
  };
}

function transportOptions(options: EmailOptions) {
  const { host, port, encryption, username, password, timeoutMs, tls } = options;
  return {
    host,
    port,
    secure: encryption === 'implicit',
    requireTLS: encryption === 'starttls',
    ignoreTLS: encryption === 'none',
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    ...(username === null ? {} : { auth: { user: username, pass: password ?? '' } }),
    tls: {
      rejectUnauthorized: tls.verify,
      ...(tls.ca === null ? {} : { ca: tls.ca }),
      ...(tls.cert === null ? {} : { cert: tls.cert }),
      ...(tls.key === null ? {} : { key: tls.key }),
    },
  };
}

/** Refused with 5xx, by what was said of the envelope or of the message. */
function isFinal({ code, responseCode = 0 }: Refusal): boolean {
  return responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
}

function bare(address: string): string {
  return /<([^<>]+)>\s*$/.exec(address)?.[1] ?? address.trim();
}

function hidden(text: string, { password }: EmailOptions): string {
  return password === null || password === '' ? text : text.replaceAll(password, '(hidden)');
}
