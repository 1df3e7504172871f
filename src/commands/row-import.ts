import type { ClassConfig } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import { createIngest, type IngestStats } from '../ingest/ingest.ts';
import { parseTopicTemplate } from '../ingest/topic-template.ts';
import { type AssetRows, createRowCollector } from '../models/training-set.ts';

/** Brings samples of a class from elsewhere onto its grid, as if they had come over MQTT in this order. */
export interface RowImport {
  /** `values` in the order of the class's channels; NaN is missing. Throws OPTION_INVALID for an id that the class cannot have. */
  add(assetId: string, at: number, values: readonly number[]): void;
  /** Closes the open rows; assets in order of id. */
  finish(): { readonly assets: AssetRows[]; readonly stats: IngestStats };
}

export function createRowImport(
  config: ClassConfig,
  limits: { readonly assets: number; readonly payloadBytes: number },
): RowImport {
  const { labels } = parseTopicTemplate(config.topic);
  const collector = createRowCollector(config.channels.length);
  let now = 0;
  const ingest = createIngest({
    classes: [
      {
        ...config,
        // The same labels, so that an asset has the id that it has live.
        topic: ['import', ...labels.map(({ name }) => `{${name}}`)].join('/'),
        // Channel names may hold dots, which would lead into the payload; so they are not used in it.
        channels: config.channels.map(({ name }, i) => ({ name, path: `values.${i}` })),
        timePath: 'ts',
        timeUnit: 'ms',
      },
    ],
    // Every sample arrives when it was taken.
    clock: () => now,
    limits,
    sinks: { onRow: (row) => collector.add(row), onWindow: () => undefined },
  });

  return {
    add(assetId, at, values) {
      if (assetId.split('/').length !== labels.length)
        throw new ForewarnError('OPTION_INVALID', `class ${config.name} cannot have an asset ${assetId}`, {
          hint: `Its id is made of the topic's labels: ${labels.map(({ name }) => name).join('/')}.`,
        });
      now = Math.round(at);
      const read = values.map((value) => (Number.isNaN(value) ? null : value));
      ingest.accept(`import/${assetId}`, Buffer.from(JSON.stringify({ ts: at, values: read })), {
        retain: false,
      });
    },
    finish() {
      ingest.flush();
      return { assets: collector.snapshot(), stats: ingest.stats() };
    },
  };
}
