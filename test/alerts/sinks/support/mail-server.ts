import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { onTestFinished } from 'vitest';

interface Mail {
  readonly recipients: readonly string[];
  /** As it came over the wire, with folded headers unfolded. */
  readonly text: string;
  readonly secure: boolean;
  readonly user: unknown;
}

export interface MailServer {
  readonly port: number;
  readonly mails: Mail[];
}

/** A mail server with STARTTLS under a certificate that nobody signed; closed when the test ends. */
export async function startMailServer(options: Partial<SMTPServerOptions> = {}): Promise<MailServer> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    onAuth: ({ username, password }, _session, done) => {
      if (username === 'forewarn' && password === 'geheim') done(null, { user: username });
      else done(new Error(`no such login: ${username} ${password}`));
    },
    onData(stream, session, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const text = Buffer.concat(parts)
          .toString()
          .replace(/\r\n[ \t]/g, ' ');
        const recipients = session.envelope.rcptTo.map(({ address }) => address);
        mails.push({ recipients, text, secure: Boolean(session.secure), user: session.user });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, mails };
}

/** An answer of the server with this code. */
export function refusal(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code });
}

/** Of a mail's header; the body's parts have some of the same names, so only the first counts. */
export function headerOf(mail: Mail, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(mail.text.split('\r\n\r\n')[0]!)?.[1]?.trim();
}
