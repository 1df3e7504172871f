import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Request {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly status: number;
}

/** A server that is asked as InfluxDB's 1.x interface is, and answers as a test wants it to. */
export interface WriteServer {
  readonly url: string;
  readonly requests: readonly Request[];
  /** What to answer a write from now on. */
  answer: (request: Omit<Request, 'status'>) => Answer | Promise<Answer>;
  /** What to answer a query. */
  answerQuery: (statement: string) => Answer;
  /** Scores of all writes that went well, in the order in which they came. */
  scores(): number[];
  clear(): void;
}

export async function startWriteServer(): Promise<WriteServer> {
  const requests: Request[] = [];
  const listener = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    const answer = async () => {
      const url = new URL(request.url ?? '', 'http://localhost');
      const query = Object.fromEntries(url.searchParams);
      const asked = {
        path: url.pathname,
        query,
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
      };
      const isQuery = url.pathname.endsWith('/query');
      const { status, headers, body } = isQuery
        ? server.answerQuery(query.q ?? '')
        : await server.answer(asked);
      requests.push({ ...asked, status });
      response.writeHead(status, headers).end(body);
    };
    request.on('end', () => void answer());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const server: WriteServer = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    requests,
    answer: () => ({ status: 204 }),
    answerQuery: () => ({ status: 200, body: '{"results":[{"statement_id":0}]}' }),
    scores: () =>
      requests
        .filter(({ path, status }) => path.endsWith('/write') && status === 204)
        .flatMap(({ body }) => [...body.matchAll(/ score=([\d.]+)/g)].map(([, value]) => Number(value))),
    clear: () => void requests.splice(0),
  };
  onTestFinished(async () => {
    const closed = once(listener, 'close');
    listener.close();
    listener.closeAllConnections();
    await closed;
  });
  return server;
}
