import type { ApiApp } from '../app.ts';
import { errors, HealthBody, ReadyBody } from '../schemas.ts';
import type { ApiSources } from '../sources.ts';

/** `/healthz` answers while the event loop lives; `/readyz` when the line works. */
export function healthRoutes(app: ApiApp, sources: ApiSources): void {
  const config = { rateLimit: false } as const;
  app.get(
    '/healthz',
    {
      config,
      schema: { tags: ['health'], summary: 'Alive', response: { 200: HealthBody, 500: errors[500] } },
    },
    () => ({ status: 'ok' as const }),
  );
  app.get(
    '/readyz',
    {
      config,
      schema: {
        tags: ['health'],
        summary: 'Ready',
        response: { 200: ReadyBody, 503: ReadyBody, 500: errors[500] },
      },
    },
    (_request, reply) => {
      const { ready, reasons } = sources.readiness();
      reply.code(ready ? 200 : 503);
      return { ready, reasons: [...reasons] };
    },
  );
}
