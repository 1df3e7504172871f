import Type from 'typebox';
import type { ApiApp } from '../app.ts';
import { errors } from '../schemas.ts';
import type { ApiSources } from '../sources.ts';

/** `/metrics` for Prometheus. */
export function metricsRoutes(app: ApiApp, { metrics }: ApiSources): void {
  const schema = {
    tags: ['metrics'],
    summary: 'Metrics for Prometheus',
    produces: ['text/plain'],
    response: { 200: Type.String({ description: 'Prometheus text format.' }), 500: errors[500] },
  };
  app.get('/metrics', { config: { rateLimit: false }, schema }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
}
