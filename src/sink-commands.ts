import { sinkNames } from './alert-outputs.ts';
import type { SinkCommands } from './api/sink-commands.ts';
import type { Logger } from './log.ts';
import { type SinkTestOptions, testSink } from './sink-test.ts';

/** The API's commands on sinks; `options` are asked for at each test, when all addresses are known. */
export function sinkCommands(options: () => SinkTestOptions, log: Logger): SinkCommands {
  let running = false;
  // The sink's own time limit ends a test.
  const never = new AbortController().signal;
  return {
    names: () => sinkNames(options().config),
    async test(name, { by }) {
      if (running) return 'busy';
      running = true;
      try {
        const result = await testSink(name, options(), never);
        if (result === null) return 'no_such_sink';
        log.info({ sink: name, by, ok: result.ok }, 'a test alert was sent');
        return result;
      } finally {
        running = false;
      }
    },
  };
}
