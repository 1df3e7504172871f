import { ForewarnError } from '../../../errors.ts';
import type { NetworkSpec } from '../../spec.ts';
import { convAutoencoder } from './conv-autoencoder.ts';
import { gruAutoencoder } from './gru-autoencoder.ts';
import { lstmAutoencoder } from './lstm-autoencoder.ts';
import { lstmForecaster } from './lstm-forecaster.ts';
import type { Network } from './network.ts';

const networks: { readonly [Kind in NetworkSpec['kind']]: Network<Extract<NetworkSpec, { kind: Kind }>> } = {
  lstm_autoencoder: lstmAutoencoder,
  gru_autoencoder: gruAutoencoder,
  conv_autoencoder: convAutoencoder,
  lstm_forecaster: lstmForecaster,
};

/** The network of a spec's kind. Throws `MODEL_MALFORMED` for one that is not known, as a damaged file may hold. */
export function networkOf<Spec extends NetworkSpec>({ kind }: Spec): Network<Spec> {
  if (Object.hasOwn(networks, kind)) return networks[kind] as Network<Spec>;
  throw new ForewarnError('MODEL_MALFORMED', `${String(kind)} is not a kind of network.`);
}
