import type { Random } from '../random.ts';
import type { TrainingOrder } from '../trainer.ts';

/** What tuning changes; all else of an order stays as it is. */
export type TunedSettings = Pick<
  TrainingOrder,
  'windowLength' | 'network' | 'hidden' | 'latent' | 'smoothing' | 'quantile' | 'margin'
>;

type Choices = { readonly [Name in keyof TunedSettings]: readonly TunedSettings[Name][] };

/** Settings to try, around those that a class has. */
export interface SearchSpace {
  readonly own: TunedSettings;
  /** Any of them, all equally likely. */
  random(random: Random): TunedSettings;
  /**
   * Settings in which the `good` ones of those tried have more in common than the `others`: of some drawn as the good ones
   * are, those that are likeliest among them and unlikeliest among the others (the tree-structured Parzen estimator of
   * Bergstra et al. 2011, each setting by itself, over choices).
   */
  promising(good: readonly TunedSettings[], others: readonly TunedSettings[], random: Random): TunedSettings;
}

export interface SpaceLimits {
  /** Rows of the longest window that the class can have. */
  readonly longestWindow: number;
  /** Hidden units of the student, which must be smaller than the network and like it; 0 = none. */
  readonly student: number;
}

const networks = ['lstm_autoencoder', 'gru_autoencoder', 'conv_autoencoder', 'lstm_forecaster'] as const;
/** Of the class's own, since what is large for five channels is small for a hundred. */
const windowFactors = [0.5, 0.75, 1, 1.5, 2];
const sizeFactors = [0.25, 0.5, 1, 2];
const smoothings = [0.1, 0.2, 0.3, 0.5, 0.7, 1];
const quantiles = [0.98, 0.99, 0.995, 0.999];
const margins = [1.2, 1.5, 2, 3];
/** As the configuration has them. */
const bounds = { window: [4, 1024], hidden: [4, 1024], latent: [1, 1024] } as const;

const drawsOfPromising = 24;
/** What each value counts for before anything was tried, as a part of one trial over all values. */
const prior = 1;

export function createSearchSpace(own: TunedSettings, { longestWindow, student }: SpaceLimits): SearchSpace {
  const sizes = (value: number, factors: readonly number[], [least, most]: readonly [number, number]) =>
    sorted(
      [value, ...factors.map((factor) => Math.round(value * factor))].filter(
        (size) => size >= least && size <= most,
      ),
    );
  const choices: Choices = {
    windowLength: sizes(own.windowLength, windowFactors, [
      bounds.window[0],
      Math.max(own.windowLength, Math.min(bounds.window[1], longestWindow)),
    ]),
    network: student > 0 ? [own.network] : networks,
    hidden: sizes(own.hidden, sizeFactors, [Math.max(bounds.hidden[0], student + 1), bounds.hidden[1]]),
    latent: sizes(own.latent, sizeFactors, bounds.latent),
    smoothing: sorted([own.smoothing, ...smoothings]),
    quantile: sorted([own.quantile, ...quantiles]),
    margin: sorted([own.margin, ...margins]),
  };
  const names = Object.keys(choices) as (keyof TunedSettings)[];
  // A forecaster has no latent vector: settings that differ in nothing else are the same.
  const canonical = (settings: TunedSettings): TunedSettings =>
    settings.network === 'lstm_forecaster' ? { ...settings, latent: own.latent } : settings;

  return {
    own: canonical(own),
    random(random) {
      const drawn = names.map((name) => [name, choices[name][random.integer(choices[name].length)]]);
      return canonical(Object.fromEntries(drawn) as TunedSettings);
    },
    promising(good, others, random) {
      const densities = names.map((name) => ({
        name,
        values: choices[name] as readonly unknown[],
        among: density(choices[name], name, good),
        beside: density(choices[name], name, others),
      }));
      let best: TunedSettings = own;
      let highest = Number.NEGATIVE_INFINITY;
      for (let draw = 0; draw < drawsOfPromising; draw++) {
        const picked = densities.map((one) => ({ ...one, at: pick(one.among, random) }));
        const ratio = picked.reduce(
          (sum, { among, beside, at }) => sum + Math.log(among[at] / beside[at]),
          0,
        );
        if (ratio <= highest) continue;
        highest = ratio;
        best = Object.fromEntries(picked.map(({ name, values, at }) => [name, values[at]])) as TunedSettings;
      }
      return canonical(best);
    },
  };
}

/** How likely each value is among these settings, none of them impossible. */
function density<Name extends keyof TunedSettings>(
  values: Choices[Name],
  name: Name,
  settings: readonly TunedSettings[],
): number[] {
  const counts = values.map(
    (value) => prior / values.length + settings.filter((one) => one[name] === value).length,
  );
  return counts.map((count) => count / (settings.length + prior));
}

/** An index drawn by these probabilities. */
function pick(probabilities: readonly number[], random: Random): number {
  let left = random.uniform();
  const at = probabilities.findIndex((probability) => {
    left -= probability;
    return left < 0;
  });
  return at < 0 ? probabilities.length - 1 : at;
}

function sorted(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** Equal for equal settings. */
export function settingsKey(settings: TunedSettings): string {
  const { windowLength, network, hidden, latent, smoothing, quantile, margin } = settings;
  return [network, windowLength, hidden, latent, smoothing, quantile, margin].join(' ');
}
