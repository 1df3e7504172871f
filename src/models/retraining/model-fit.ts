import type { ModelCard } from '../model.ts';
import type { TrainingOrder } from '../trainer.ts';

/** Whether the class could be scored by this version as it is configured now. */
export function fits(
  card: Pick<ModelCard, 'channels' | 'sampleEveryMs' | 'spec'>,
  {
    channels,
    windowLength,
    sampleEveryMs,
  }: Pick<TrainingOrder, 'channels' | 'windowLength' | 'sampleEveryMs'>,
): boolean {
  return (
    JSON.stringify(card.channels) === JSON.stringify(channels) &&
    card.spec.window === windowLength &&
    card.sampleEveryMs === sampleEveryMs
  );
}
