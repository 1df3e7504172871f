import { describe, expect, it } from 'vitest';
import type { SourceKind } from '../../../src/models/decision/detector.ts';
import { detectorPlans } from '../../../src/models/decision/detector-plan.ts';
import type { NetworkSpec } from '../../../src/models/spec.ts';

const smoothing = 0.4;
const plansOf = (source: SourceKind, network: NetworkSpec['kind']) =>
  detectorPlans([source], network, smoothing);

/** A model of levels has a shift only; what forecasts has a shift and a burst of the residual itself. */
const levels = ['shift'];
const forecasts = ['shift', 'burst'];

describe('detectorPlans', () => {
  it.each<[SourceKind, NetworkSpec['kind'], string[]]>([
    ['network', 'lstm_autoencoder', levels],
    ['network', 'gru_autoencoder', levels],
    ['network', 'conv_autoencoder', levels],
    ['network', 'lstm_forecaster', forecasts],
    ['robust_z', 'lstm_autoencoder', levels],
    ['pca', 'lstm_autoencoder', levels],
    ['pca', 'lstm_forecaster', levels],
    ['vector_autoregression', 'lstm_autoencoder', forecasts],
    ['vector_autoregression', 'lstm_forecaster', forecasts],
  ])('of %s beside %s', (source, network, expected) => {
    const plans = plansOf(source, network);
    expect(plans.map(({ kind }) => kind)).toEqual(expected);
    for (const plan of plans) {
      expect(plan.source).toBe(source);
      if (plan.kind === 'shift') expect(plan).toMatchObject({ smoothing, energySmoothing: 1 });
      else {
        expect(plan.smoothing).toBe(1);
        expect(plan.energySmoothing).toBeGreaterThan(0);
        expect(plan.energySmoothing).toBeLessThan(1);
      }
    }
  });

  it('is more cautious with a shift of levels, which wander, than with one of innovations', () => {
    const [ofLevels] = plansOf('pca', 'lstm_autoencoder');
    const [ofInnovations] = plansOf('vector_autoregression', 'lstm_autoencoder');
    expect(ofLevels.caution).toBeGreaterThan(ofInnovations.caution);
    expect(ofLevels.want).toBeGreaterThan(ofInnovations.want);
  });

  it('goes source by source, in their order', () => {
    const plans = detectorPlans(['network', 'vector_autoregression', 'pca'], 'lstm_autoencoder', smoothing);
    expect(plans.map(({ source, kind }) => `${source} ${kind}`)).toEqual([
      'network shift',
      'vector_autoregression shift',
      'vector_autoregression burst',
      'pca shift',
    ]);
  });
});
