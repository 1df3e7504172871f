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
  /** The same but for one setting, which is the next larger or smaller, or another network. */
  near(settings: TunedSettings, random: Random): TunedSettings;
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
    near(settings, random) {
      const movable = names.filter(
        (name) => choices[name].length > 1 && !(name === 'latent' && settings.network === 'lstm_forecaster'),
      );
      const name = movable[random.integer(movable.length)];
      const values: readonly unknown[] = choices[name];
      const at = values.indexOf(settings[name]);
      const step =
        name === 'network' ? 1 + random.integer(values.length - 1) : random.uniform() < 0.5 ? -1 : 1;
      // Networks have no order and go round; at the end of the others the way is back.
      const wrapped = (at + step + values.length) % values.length;
      const inside = at + step >= 0 && at + step < values.length;
      const next = name === 'network' || inside ? wrapped : at - step;
      return canonical({ ...settings, [name]: values[next] });
    },
  };
}

function sorted(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** Equal for equal settings. */
export function settingsKey(settings: TunedSettings): string {
  const { windowLength, network, hidden, latent, smoothing, quantile, margin } = settings;
  return [network, windowLength, hidden, latent, smoothing, quantile, margin].join(' ');
}
