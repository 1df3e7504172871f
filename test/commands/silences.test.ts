import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SilencesOptions, silences } from '../../src/commands/silences.ts';
import { createPlant, type Plant } from '../api/support/plant.ts';
import { recordingContext } from './support/context.ts';

let plant: Plant;
let url: string;

beforeEach(async () => {
  plant = createPlant();
  ({ url } = await plant.api.start());
});
afterEach(() => plant.close());

async function forewarn(
  action?: string,
  words: readonly string[] = [],
  options: Partial<SilencesOptions> = {},
): Promise<string[]> {
  const context = recordingContext();
  await silences(action, words, { config: 'config/forewarn.yaml', url, ...options }, context);
  return context.lines;
}
const order = { by: 'ada', comment: 'new seal', for: '2h' };

describe('forewarn silences', () => {
  it('adds, lists and ends one', async () => {
    expect(await forewarn()).toEqual(['No silences.']);
    const [added] = await forewarn('add', ['site=north', 'class=~pump.*'], order);
    const id = /^(sl_\w+) silences until 2026-01-31T14:00:00.000Z$/.exec(added ?? '')?.[1] ?? '';
    const [head, line] = await forewarn('list');
    expect(head).toMatch(/^ID\s+STATE\s+UNTIL \(UTC\)\s+MUTES\s+BY\s+WHAT$/);
    expect(line).toMatch(/active\s+2026-01-31 14:00\s+0\s+ada\s+site=north class=~pump\.\*: new seal$/);
    expect(await forewarn('expire', [id], { by: 'bob' })).toEqual([`${id} is over`]);
    expect(await forewarn()).toEqual(['No silences.']);
    const [json] = await forewarn('list', [], { all: true, json: true });
    expect(JSON.parse(json ?? '')).toMatchObject([{ id, state: 'expired', endedBy: 'bob' }]);
  });

  it.each([
    [['add', ['site=north'], { by: 'ada' }], 'OPTION_INVALID'],
    [['add', [], order], 'OPTION_INVALID'],
    [['expire', [], { by: 'ada' }], 'OPTION_INVALID'],
    [['expire', ['sl_1'], {}], 'OPTION_INVALID'],
    [['mute'], 'OPTION_INVALID'],
    [['add', ['north'], order], 'BAD_PARAMETER'],
    [['expire', ['sl_1'], { by: 'ada' }], 'NO_SUCH_SILENCE'],
  ] as [Parameters<typeof forewarn>, string][])('refuses %j', async (args, code) => {
    await expect(forewarn(...args)).rejects.toMatchObject({ code, hint: expect.any(String) });
  });
});
