import type { AddressInfo } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import swagger, { type SwaggerTransform } from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { ForewarnError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { AlertCommands } from './alert-commands.ts';
import { notFound, toApiError } from './api-error.ts';
import type { ApiApp } from './app.ts';
import type { ModelCommands } from './model-commands.ts';
import type { PreviewCommands } from './preview-commands.ts';
import { alertCommandRoutes } from './routes/alert-commands.ts';
import { alertsRoutes } from './routes/alerts.ts';
import { assetsRoutes } from './routes/assets.ts';
import { eventsRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { kpiRoutes } from './routes/kpis.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { modelsRoutes } from './routes/models.ts';
import { previewRoutes } from './routes/preview.ts';
import { rootRoutes } from './routes/root.ts';
import { silenceRoutes } from './routes/silences.ts';
import { sinkRoutes } from './routes/sinks.ts';
import { statusRoutes } from './routes/status.ts';
import { encodedWhyNotUrl, whyNotRoutes } from './routes/why-not.ts';
import type { SilenceCommands } from './silence-commands.ts';
import type { SinkCommands } from './sink-commands.ts';
import type { ApiSources } from './sources.ts';
import { validatorCompiler } from './validator.ts';

export interface ApiOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly sources: ApiSources;
  readonly commands: AlertCommands;
  readonly silences: SilenceCommands;
  readonly sinks: SinkCommands;
  readonly previews: PreviewCommands;
  readonly models: ModelCommands;
  readonly log: Logger;
  readonly version: string;
}

export interface Api {
  /**
   * Listens. Throws `API_PORT_IN_USE`, `API_ADDRESS_REFUSED` or `API_LISTEN_FAILED`, each with its mend; an API
   * that failed to start or was stopped is not started again.
   */
  start(): Promise<{ readonly url: string }>;
  /** Answers nothing any more and cuts what is open; safe to call twice and before `start`. */
  stop(): Promise<void>;
  /** For tests that inject requests without a socket. */
  readonly app: ApiApp;
}

/** A dashboard that polls a few views each second stays far below; a loop without a pause does not. */
const REQUESTS_A_MINUTE = 6000;
/** The longest body is a command with a comment. */
const BODY_BYTES = 16 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

/** The API: views and commands over HTTP, described at `/docs/json`. Builds it; `start` opens the socket. */
export function createApi({
  host,
  port,
  sources,
  commands,
  silences,
  sinks,
  previews,
  models,
  log,
  version,
}: ApiOptions): Api {
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    // As long as a topic, which an id is part of.
    routerOptions: { maxParamLength: 512 },
    rewriteUrl: ({ url = '/' }) => encodedWhyNotUrl(url),
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>();

  function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
    const { status, error } = toApiError(thrown);
    if (status === 500)
      log.error({ error: messageOf(thrown), method: request.method, url: request.url }, 'request failed');
    return reply.code(status).headers(securityHeaders).send({ error });
  }

  app.setValidatorCompiler(validatorCompiler);
  // The routes build their answers field by field and tests hold them to the schemas: nothing is left to strip.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler(answerError);
  app.addHook('onRequest', async (_request, reply) => void reply.headers(securityHeaders));
  void app.register(rateLimit, { max: REQUESTS_A_MINUTE, timeWindow: 60_000 });
  void app.register(swagger, { openapi: documentHead(version), transform: nameAssetId });
  // Both plugins act on the routes that come after them.
  app.after(() => {
    app.setNotFoundHandler({ preHandler: app.rateLimit() }, ({ method, url }) => {
      throw notFound('NO_SUCH_ROUTE', `There is no ${method} ${url}.`, 'GET / lists what there is.');
    });
    rootRoutes(app, version);
    healthRoutes(app, sources);
    metricsRoutes(app, sources);
    statusRoutes(app, sources);
    assetsRoutes(app, sources);
    whyNotRoutes(app, sources);
    alertsRoutes(app, sources);
    alertCommandRoutes(app, commands);
    silenceRoutes(app, silences);
    sinkRoutes(app, sinks);
    previewRoutes(app, previews);
    kpiRoutes(app, sources.kpis);
    eventsRoutes(app, sources.alertEvents);
    modelsRoutes(app, models);
  });

  return {
    app,
    async start() {
      try {
        await app.listen({ host, port });
      } catch (error) {
        throw listenError(error, host, port);
      }
      const url = urlOf(app.server.address() as AddressInfo, host);
      log.info({ url }, 'status API listens');
      return { url };
    },
    stop: () => app.close(),
  };
}

function documentHead(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Forewarn',
      version,
      description: 'Views of the daemon, and commands to answer its alerts. Times are ISO 8601 in UTC.',
    },
  };
}

/** The router calls the rest of a path `*`; people call it the id. */
const nameAssetId: SwaggerTransform = ({ schema, url }) => {
  if (!url.endsWith('/*')) return { schema, url };
  const id = { type: 'string', description: 'Id of the asset; its slashes may be encoded or not.' };
  const params = { type: 'object', properties: { id }, required: ['id'] };
  return { schema: { ...schema, params }, url: url.replace('*', ':id') };
};

function listenError(error: unknown, host: string, port: number): ForewarnError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const where = `${host}:${port}`;
  if (code === 'EADDRINUSE') {
    const hint = 'Stop the program that has it, or set api.port to a free one (0 takes any).';
    return new ForewarnError('API_PORT_IN_USE', `${where} is in use`, { cause: error, hint });
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    const hint = 'Set api.host to an address of this machine and api.port to 1024 or more.';
    return new ForewarnError('API_ADDRESS_REFUSED', `Cannot listen on ${where}: ${messageOf(error)}`, {
      cause: error,
      hint,
    });
  }
  const hint = 'Look at api.host and api.port.';
  return new ForewarnError('API_LISTEN_FAILED', `Cannot listen on ${where}: ${messageOf(error)}`, {
    cause: error,
    hint,
  });
}

function urlOf({ port }: AddressInfo, host: string): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
