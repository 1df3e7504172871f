import type { ApiApp } from '../app.ts';
import { errors, ModelsBody } from '../schemas.ts';
import type { ApiSources } from '../sources.ts';
import { toWire } from '../timed.ts';

/** `/api/v1/models`: every version kept, with its card. */
export function modelsRoutes(app: ApiApp, sources: ApiSources): void {
  const schema = { tags: ['models'], summary: 'Model versions', response: { 200: ModelsBody, ...errors } };
  app.get('/api/v1/models', { schema }, () => ({
    models: sources.models().map(({ id, className, champion, card }) => ({
      id,
      class: className,
      champion,
      card: toWire<Record<string, unknown>>({ ...card }),
    })),
  }));
}
