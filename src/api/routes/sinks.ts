import Type from 'typebox';
import { badGateway, busy, notFound } from '../api-error.ts';
import type { ApiApp } from '../app.ts';
import { OrderInput } from '../command-schemas.ts';
import { closed, ErrorBody, errors } from '../schemas.ts';
import type { SinkCommands } from '../sink-commands.ts';

const SinkTestBody = Type.Object(
  { sink: Type.String({ description: 'Which place took the test alert, and its end.' }) },
  { ...closed, description: 'It works.' },
);

/** `/api/v1/sinks/{name}/test`: what `forewarn test-sink` does, from where the daemon runs. */
export function sinkRoutes(app: ApiApp, commands: SinkCommands): void {
  app.post(
    '/api/v1/sinks/:name/test',
    {
      schema: {
        tags: ['alerts'],
        summary: 'Send a test alert and its end to one of the places that alerts go to',
        params: Type.Object({
          name: Type.String({ minLength: 1, description: 'A webhook, `mqtt` or `email`.' }),
        }),
        body: OrderInput,
        response: {
          200: SinkTestBody,
          400: ErrorBody,
          404: ErrorBody,
          502: ErrorBody,
          503: ErrorBody,
          ...errors,
        },
      },
    },
    async ({ params: { name }, body: { by, comment = null } }) => {
      const result = await commands.test(name, { by, comment });
      if (result === 'no_such_sink') {
        const names = commands.names();
        const hint =
          names.length === 0
            ? 'The configuration has none: see webhooks, mqtt_output and email.'
            : `One of ${names.join(', ')}.`;
        throw notFound('NO_SUCH_SINK', `No place of alerts is named ${name}.`, hint);
      }
      if (result === 'busy')
        throw busy('SINK_TEST_RUNNING', 'Another test runs.', 'Try again when it has ended.');
      if (result.ok) return { sink: name };
      const hint = result.retryable
        ? 'Forewarn would keep an alert and try again.'
        : 'Forewarn would try no alert again that is refused like this.';
      throw badGateway('SINK_FAILED', `${name} did not take the test alert: ${result.reason}`, hint);
    },
  );
}
