import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../alerts/support/fixtures.ts';
import { assetAt, createPlant, noon, type Plant, scored } from './support/plant.ts';

interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: {
    readonly what: string;
    readonly by: string | null;
    readonly alert: { readonly asset: string };
  };
}

let plant: Plant;
let url: string;
const aborts: AbortController[] = [];

beforeEach(async () => {
  plant = createPlant();
  ({ url } = await plant.api.start());
});
afterEach(async () => {
  for (const abort of aborts.splice(0)) abort.abort();
  await plant.close();
});

/** Listens until the test ends. */
async function listen(lastEventId?: string) {
  const abort = new AbortController();
  aborts.push(abort);
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const response = await fetch(`${url}/api/v1/events`, { headers, signal: abort.signal });
  const events: StreamEvent[] = [];
  const read = async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const part of response.body!) {
      text += decoder.decode(part as Uint8Array, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
        if (fields.data !== undefined)
          events.push({ ...fields, data: JSON.parse(fields.data) } as StreamEvent);
      }
    }
  };
  read().catch(() => undefined);
  return { response, events, close: () => abort.abort() };
}

function raise(index: number): void {
  for (const at of [0, 60]) plant.alerting.onVerdict(scored(assetAt(index), noon + at, 2));
  plant.alerting.flush();
}

describe('/api/v1/events', () => {
  it('tells what happens from now on, and what people do', async () => {
    raise(0);
    const { response, events } = await listen();
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    raise(1);
    const [{ id }] = plant.journal.list().alerts;
    plant.alerting.desk.acknowledge(id, { by: 'ada', comment: null });
    for (const at of [100, 300]) plant.alerting.onVerdict(scored(assetAt(1), noon + at, 0));
    plant.alerting.flush();
    await until('all three are told', () => events.length === 3);
    expect(events.map(({ event, data }) => [event, data.what, data.by])).toEqual([
      ['raised', 'firing', null],
      ['acknowledge', 'acknowledged', 'ada'],
      ['resolved', 'resolved', null],
    ]);
    expect(events.map(({ id }) => Number(id))).toEqual([2, 3, 4]);
    expect(events[0].data.alert).toMatchObject({ asset: assetAt(1).id, id });
  });

  it('goes on after the event that a client has had, without gap or repetition', async () => {
    const first = await listen();
    raise(0);
    await until('the first is told', () => first.events.length === 1);
    first.close();
    for (let i = 1; i < 200; i++) raise(i);
    const second = await listen(first.events[0].id);
    await until('the rest is told', () => second.events.length === 199);
    expect(second.events.map(({ id }) => Number(id))).toEqual(Array.from({ length: 199 }, (_, i) => i + 2));
  });

  it('starts now for an id of another journal, and refuses what is no id', async () => {
    raise(0);
    const { events } = await listen('999999');
    raise(1);
    await until('the new one is told', () => events.length === 1);
    expect(events[0].data.alert.asset).toBe(assetAt(1).id);
    const refused = await fetch(`${url}/api/v1/events`, { headers: { 'last-event-id': 'x' } });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: 'BAD_PARAMETER' } }]);
  });

  it('has room for so many clients, and takes another when one goes', async () => {
    const clients = await Promise.all(Array.from({ length: 32 }, () => listen()));
    const refused = await fetch(`${url}/api/v1/events`);
    expect([refused.status, await refused.json()]).toMatchObject([
      503,
      { error: { code: 'TOO_MANY_STREAMS' } },
    ]);
    clients[0].close();
    let status = 0;
    const ask = async () => {
      ({ status } = (await listen()).response);
    };
    while (status !== 200) await ask();
    raise(0);
    await until('those that stayed are told', () =>
      clients.slice(1).every(({ events }) => events.length === 1),
    );
  });

  it('does not keep the API from stopping', async () => {
    await listen();
    await plant.api.stop();
  });
});
