import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AlertsOptions, alerts } from '../../src/commands/alerts.ts';
import { ForewarnError } from '../../src/errors.ts';
import { assetAt, createPlant, noon, type Plant, scored } from '../api/support/plant.ts';
import { recordingContext } from './support/context.ts';

let plant: Plant;
let url: string;

beforeEach(async () => {
  plant = createPlant();
  ({ url } = await plant.api.start());
  for (const index of [1, 2]) {
    plant.fleet.onAsset(assetAt(index));
    for (const at of [0, 60])
      plant.alerting.onVerdict(scored(assetAt(index), noon + at, index === 1 ? 2 : 9));
  }
  plant.alerting.flush();
});
afterEach(() => plant.close());

async function forewarn(
  action?: string,
  id?: string,
  options: Partial<AlertsOptions> = {},
): Promise<string[]> {
  const context = recordingContext();
  await alerts(action, id, { config: 'config/forewarn.yaml', url, ...options }, context);
  return context.lines;
}

async function refusal(
  ...call: Parameters<typeof forewarn>
): Promise<readonly [string, string, string | undefined]> {
  try {
    await forewarn(...call);
  } catch (error) {
    if (error instanceof ForewarnError) return [error.code, error.message, error.hint];
    throw error;
  }
  return ['', 'nothing was thrown', ''];
}

describe('forewarn alerts', () => {
  it('shows the open alerts, the most urgent first', async () => {
    const [head, first, second, ...rest] = await forewarn();
    expect(head).toMatch(/^PRIORITY\s+STATE\s+RAISED \(UTC\)\s+ID\s+ASSIGNED\s+WHAT$/);
    expect(first).toMatch(
      /^high\s+unacknowledged\s+2026-01-31 12:00:00\s+al_\w+\s+-\s+pump-2 \(north\): pressure/,
    );
    expect(second).toMatch(/^medium\s+unacknowledged .* pump-1 \(south\)/);
    expect(rest).toEqual([]);
  });

  it('answers one, and shows what has become of it', async () => {
    const [{ id: wild }, { id: mild }] = plant.journal.list().alerts;
    expect(await forewarn('ack', wild, { by: 'ada', comment: 'seen' })).toEqual([`${wild} is acknowledged`]);
    expect(await forewarn('assign', wild, { by: 'ada', to: 'carl' })).toEqual([`${wild} is acknowledged`]);
    expect(await forewarn('judge', wild, { by: 'carl', as: 'false_alarm' })).toEqual([
      `${wild} was a false alarm; the next training learns from its rows`,
    ]);
    expect(await forewarn('judge', wild, { by: 'carl', as: 'unknown' })).toEqual([
      `${wild} is judged no more`,
    ]);
    expect(await forewarn('comment', wild, { by: 'carl', comment: 'warm' })).toHaveLength(1);
    expect(await forewarn('shelve', mild, { by: 'ada', comment: 'known', for: '8h' })).toEqual([
      `${mild} is shelved until 2026-01-31T20:00Z`,
    ]);
    const [, first, second] = await forewarn();
    expect(first).toMatch(/^high\s+acknowledged\s.*\scarl\s/);
    expect(second).toMatch(/^medium\s+shelved until 2026-01-31T20:00Z\s/);
    expect(await forewarn('unshelve', mild, { by: 'ada' })).toEqual([`${mild} is unacknowledged`]);
    expect(plant.journal.transitions(wild).at(-1)).toMatchObject({ by: 'carl', comment: 'warm' });
  });

  it('escalates one, and says when there is nobody left', async () => {
    const [{ id }] = plant.journal.list().alerts;
    expect(await forewarn('escalate', id, { by: 'ada' })).toEqual([
      `${id} was escalated; pager will be told`,
    ]);
    expect(await refusal('escalate', id, { by: 'ada' })).toMatchObject([
      'NO_STEP_LEFT',
      expect.stringContaining('nobody left'),
      expect.anything(),
    ]);
    expect(await forewarn('escalate', id, { by: 'ada', step: 'on-call' })).toHaveLength(1);
    expect(await refusal('escalate', id)).toMatchObject([
      'OPTION_INVALID',
      'escalate needs --by',
      expect.anything(),
    ]);
  });

  it('takes an asset out of service and back', async () => {
    const asset = assetAt(1).id;
    expect(await forewarn('out-of-service', undefined, { by: 'ada', comment: 'overhaul', asset })).toEqual([
      'south/pump-1 is out of service',
    ]);
    expect((await forewarn()).at(-1)).toBe(
      'south/pump-1 is out of service since 2026-01-31T12:00:00.000Z (ada: overhaul)',
    );
    expect(await forewarn('return-to-service', undefined, { by: 'ada', asset })).toEqual([
      'south/pump-1 is back in service',
    ]);
  });

  it('prints JSON for programs', async () => {
    const [line] = await forewarn(undefined, undefined, { json: true });
    expect(JSON.parse(line)).toMatchObject({
      alerts: [{ priority: 'high' }, { priority: 'medium' }],
      holds: [],
    });
  });

  it('says what is missing, and passes on what the daemon says', async () => {
    expect(await refusal('ack')).toMatchObject([
      'OPTION_INVALID',
      'ack needs the id of an alert',
      expect.stringMatching(/./),
    ]);
    expect(await refusal('shelve', 'al_1', { by: 'ada' })).toMatchObject([
      'OPTION_INVALID',
      'shelve needs --comment and --for',
      expect.stringMatching(/forewarn alerts shelve ID --by ada --comment "part is ordered" --for 8h/),
    ]);
    expect(await refusal('explode')).toMatchObject([
      'OPTION_INVALID',
      'there is no action explode',
      expect.stringMatching(/ack, comment/),
    ]);
    expect(await refusal('ack', 'al_9', { by: 'ada' })).toMatchObject([
      'NO_SUCH_ALERT',
      'There is no alert al_9.',
      expect.stringMatching(/GET \/api\/v1\/alerts/),
    ]);
  });

  it('says when nothing, or something else, answers', async () => {
    await plant.api.stop();
    expect(await refusal()).toMatchObject([
      'API_UNREACHABLE',
      expect.stringContaining('ECONNREFUSED'),
      expect.stringMatching(/--url/),
    ]);
    const other = createServer((_request, response) => response.writeHead(404).end('<html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    expect((await refusal(undefined, undefined, { url: `http://127.0.0.1:${port}` }))[0]).toBe(
      'API_ANSWER_UNKNOWN',
    );
    other.close();
  });
});
