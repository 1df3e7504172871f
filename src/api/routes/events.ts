import Type from 'typebox';
import { badParameter, busy } from '../api-error.ts';
import type { ApiApp } from '../app.ts';
import { openEventStream } from '../event-stream.ts';
import { ErrorBody, errors } from '../schemas.ts';
import type { AlertEventSource } from '../sources.ts';

/** A control room has a few consoles; each stream reads the journal at every change. */
const MOST_CLIENTS = 32;

/** `/api/v1/events`: what happens to alerts, as it happens. */
export function eventsRoutes(app: ApiApp, source: AlertEventSource): void {
  let clients = 0;
  const schema = {
    tags: ['alerts'],
    summary: 'Server-sent events: alerts raised and resolved, and what operators do',
    description:
      'The event is the reason (`raised`, `resolved`, `acknowledge`, ...), its data JSON with the alert as it is now. ' +
      'Starts now, or after the event whose id is in `Last-Event-ID`.',
    produces: ['text/event-stream'],
    headers: Type.Object({
      'last-event-id': Type.Optional(Type.String({ description: 'Id of the last event that was received.' })),
    }),
    response: { 200: Type.String(), 400: ErrorBody, 503: ErrorBody, ...errors },
  };
  app.get('/api/v1/events', { schema, exposeHeadRoute: false }, (request, reply) => {
    if (clients >= MOST_CLIENTS) {
      throw busy('TOO_MANY_STREAMS', `${clients} clients listen.`, 'Close one, or read /api/v1/alerts.');
    }
    const after = placeOf(request.headers['last-event-id'], source.lastEvent());
    clients++;
    const headers = reply.getHeaders();
    reply.hijack();
    openEventStream({ source, response: reply.raw, headers, after, onClose: () => clients-- });
  });
}

/** An id beyond the newest event is of a journal that is no more: start now. */
function placeOf(lastEventId: string | undefined, newest: number): number {
  if (lastEventId === undefined || lastEventId === '') return newest;
  if (!/^\d{1,15}$/.test(lastEventId)) {
    throw badParameter(
      'Last-Event-ID',
      `${lastEventId} is no id`,
      'Give the id of the last event, or nothing.',
    );
  }
  return Math.min(Number(lastEventId), newest);
}
