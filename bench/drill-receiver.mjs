// A receiver of alerts as a process of its own: node bench/drill-receiver.mjs PORT; ends at SIGTERM.
// POST /hook is the webhook; POST /mode says how it answers from now on; GET /requests gives what came, in order.
import { createServer } from 'node:http';

const requests = [];
/** `ok`; `status` with a code; `hang`, which never answers; `slow`, which answers after `ms`. */
let mode = { kind: 'ok' };

const answer = (response, request) => {
  request.accepted = true;
  response.writeHead(204).end();
};

function take(key, body, response) {
  const { alerts, status, ...rest } = JSON.parse(body);
  const request = {
    key,
    at: Date.now(),
    accepted: false,
    status,
    incident: rest.commonAnnotations?.incident ?? null,
    headline: rest.commonAnnotations?.summary ?? null,
    unlisted: rest.truncatedAlerts,
    alerts: alerts.map(({ forewarn }) => {
      const { id, assetId, rule, state, startedAt, firedAt, resolvedAt } = forewarn;
      return { id, assetId, rule, state, startedAt, firedAt, resolvedAt };
    }),
  };
  requests.push(request);
  switch (mode.kind) {
    case 'ok':
      return answer(response, request);
    case 'status':
      return response.writeHead(mode.code).end('the receiver is unwell');
    case 'slow':
      return setTimeout(() => answer(response, request), mode.ms);
    case 'hang':
      return undefined;
  }
}

const server = createServer((incoming, response) => {
  const parts = [];
  incoming.on('data', (part) => parts.push(part));
  incoming.on('end', () => {
    const body = Buffer.concat(parts).toString();
    if (incoming.url === '/requests') return response.end(JSON.stringify(requests));
    if (incoming.url === '/mode') {
      mode = JSON.parse(body);
      return response.end();
    }
    return take(incoming.headers['idempotency-key'], body, response);
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
