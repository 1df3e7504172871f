import type { ModelCommands, ModelView } from '../../../src/api/model-commands.ts';
import type { ModelRefusal } from '../../../src/types.ts';

export interface TestModels extends ModelCommands {
  /** Commands, as they came. */
  readonly told: unknown[][];
  /** What every command is refused with; null carries it out. */
  refusal: ModelRefusal | null;
}

/** One model of class `pump`. */
export function testModels(at: number): TestModels {
  const view: ModelView = {
    id: 'pump-1-abc',
    class: 'pump',
    state: 'in_use',
    champion: true,
    pinned: false,
    reason: 'It is the first model of the class.',
    by: null,
    changedAt: at,
    card: {
      createdAt: at,
      data: { fromAt: at - 1000, toAt: at, rows: 4000 },
      training: { heldOutLoss: [0.5, 0.25] },
      threshold: { value: Number.NaN, detectors: [{ value: 2.345 }, { value: Number.NaN }] },
    },
  };
  const answer = <T>(value: T, ...words: unknown[]) => {
    models.told.push(words);
    const { refusal } = models;
    return refusal === null ? ({ ok: true, value } as const) : ({ ok: false, refusal } as const);
  };
  const models: TestModels = {
    told: [],
    refusal: null,
    list: () => [view],
    promote: async (id, order) => answer(view, 'promote', id, order),
    restore: async (id, order) => answer(view, 'restore', id, order),
    pin: (id, order) => answer({ ...view, pinned: true }, 'pin', id, order),
    unpin: (id, order) => answer(view, 'unpin', id, order),
    acceptLevel: async (alertId, order) => answer(view, 'acceptLevel', alertId, order),
    retrain: (className, withAlerted, order) => answer(null, 'retrain', className, withAlerted, order),
  };
  return models;
}
