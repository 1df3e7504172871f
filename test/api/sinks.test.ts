import { afterEach, describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config.ts';
import { silentLogger } from '../../src/log.ts';
import { sinkCommands } from '../../src/sink-commands.ts';
import { type Receiver, startReceiver } from '../alerts/support/receiver.ts';
import { createPlant, noon, type Plant } from './support/plant.ts';

let plant: Plant;
afterEach(() => plant.close());

/** An API of a Forewarn with one webhook. */
async function apiOver(receiver: Receiver) {
  const document = {
    classes: { pump: { topic: 'plant/{asset}/t', channels: { speed: {} } } },
    webhooks: [{ name: 'ops', url: receiver.url }],
  };
  const { config } = resolveConfig(document, { env: {}, baseDir: '.' });
  const options = { config: config!, brokerUrl: 'mqtt://127.0.0.1:1', apiUrl: '', clock: () => noon };
  plant = createPlant({ sinks: sinkCommands(() => options, silentLogger) });
  return async (name: string, payload: object = { by: 'ada' }) => {
    const response = await plant.api.app.inject({
      method: 'POST',
      url: `/api/v1/sinks/${name}/test`,
      payload,
    });
    return { status: response.statusCode, body: response.json() as object };
  };
}

describe('POST /api/v1/sinks/{name}/test', () => {
  it('sends an alert that says it is a test, and its end', async () => {
    const receiver = await startReceiver();
    const test = await apiOver(receiver);
    expect(await test('ops')).toEqual({ status: 200, body: { sink: 'ops' } });
    const bodies = receiver.received.map(({ body }) => JSON.parse(body) as object);
    expect(bodies).toMatchObject([{ status: 'firing' }, { status: 'resolved' }]);
    expect(bodies[0]).toMatchObject({ commonAnnotations: { summary: expect.stringMatching(/^TEST/) } });
    // Nothing of it is an alert.
    expect(plant.journal.counts()).toEqual({ firing: 0, resolved: 0 });
  });

  it('says what the receiver said, and sends no end of what was refused', async () => {
    const receiver = await startReceiver();
    receiver.answer = () => ({ status: 400, body: 'invalid_blocks' });
    const test = await apiOver(receiver);
    expect(await test('ops')).toEqual({
      status: 502,
      body: {
        error: {
          code: 'SINK_FAILED',
          message: 'ops did not take the test alert: HTTP 400: invalid_blocks',
          hint: 'Forewarn would try no alert again that is refused like this.',
        },
      },
    });
    expect(receiver.received).toHaveLength(1);
  });

  it('knows its sinks, and asks who gives the command', async () => {
    const test = await apiOver(await startReceiver());
    expect(await test('nobody')).toMatchObject({
      status: 404,
      body: { error: { code: 'NO_SUCH_SINK', hint: 'One of ops.' } },
    });
    expect(await test('ops', {})).toMatchObject({ status: 400, body: { error: { code: 'BAD_PARAMETER' } } });
  });

  it('runs one test at a time', async () => {
    const receiver = await startReceiver();
    receiver.answer = () => null;
    const test = await apiOver(receiver);
    const first = test('ops');
    expect(await test('ops')).toMatchObject({ status: 503, body: { error: { code: 'SINK_TEST_RUNNING' } } });
    await receiver.close();
    expect((await first).status).toBe(502);
    expect((await test('ops')).status).toBe(502);
  });
});
