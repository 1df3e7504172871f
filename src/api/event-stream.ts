import type { ServerResponse } from 'node:http';
import { alertBody } from './alert-body.ts';
import type { AlertEventSource } from './sources.ts';
import { iso } from './timed.ts';

/** Proxies cut connections that are quiet for a minute or less. */
const HEARTBEAT_MS = 15_000;
/** A client that takes nothing for this long is cut; it may come back and resume. */
const STALLED_MS = 60_000;
/** Events read at once, and so the most that wait in memory for one client: the journal holds the rest. */
const BATCH = 64;
/** Changes that come in a flood are read together. */
const GATHER_MS = 20;

export interface EventStreamOptions {
  readonly source: AlertEventSource;
  readonly response: ServerResponse;
  /** Headers of every answer, which a raw response would lack. */
  readonly headers: Readonly<Record<string, number | string | string[] | undefined>>;
  /** Number of the last event that the client has. */
  readonly after: number;
  readonly onClose: () => void;
}

/**
 * Streams alert events to one client as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)
 * until it goes away. The client's place in the journal is all that is kept: it is read on when the client has taken what
 * it was sent, so a slow client costs no memory and misses nothing.
 */
export function openEventStream({ source, response, headers, after, onClose }: EventStreamOptions): void {
  let place = after;
  let gathering: NodeJS.Timeout | null = null;
  let stalledSince: number | null = null;

  const send = (text: string): boolean => {
    const flows = response.write(text);
    if (!flows) stalledSince ??= performance.now();
    return flows;
  };
  const pump = (): void => {
    gathering = null;
    if (stalledSince !== null || response.destroyed) return;
    const events = eventsAfter(source, place);
    for (const event of events) {
      place = event.number;
      // What was read is sent in any case; the next batch waits until the client has taken this one.
      send(eventText(event));
    }
    if (stalledSince === null && events.length === BATCH) gathering = setTimeout(pump, 0);
  };
  const poke = (): void => {
    gathering ??= setTimeout(pump, GATHER_MS);
  };

  response.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Asks nginx not to collect the stream.
    'x-accel-buffering': 'no',
  });
  send('retry: 3000\n: from here on\n\n');
  const unsubscribe = source.subscribe(poke);
  response.on('drain', () => {
    stalledSince = null;
    poke();
  });
  const heartbeat = setInterval(() => {
    if (stalledSince !== null && performance.now() - stalledSince > STALLED_MS) response.destroy();
    else if (stalledSince === null) send(': heartbeat\n\n');
    // A journal that failed when it was poked may be well again.
    poke();
  }, HEARTBEAT_MS);
  response.once('close', () => {
    unsubscribe();
    clearInterval(heartbeat);
    if (gathering !== null) clearTimeout(gathering);
    onClose();
  });
  poke();
}

type Event = ReturnType<AlertEventSource['events']>[number];

/** Nothing while the journal cannot be read: the stream goes on when it can. */
function eventsAfter(source: AlertEventSource, place: number): readonly Event[] {
  try {
    return source.events(place, BATCH);
  } catch {
    return [];
  }
}

function eventText({ number, alert, at, recordedAt, what, reason, by, comment }: Event): string {
  const data = {
    at: iso(at),
    recordedAt: iso(recordedAt),
    what,
    reason,
    by,
    comment,
    alert: alertBody(alert),
  };
  // JSON has no line break in it, so that one line is enough.
  return `id: ${number}\nevent: ${reason}\ndata: ${JSON.stringify(data)}\n\n`;
}
