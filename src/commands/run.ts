import { loadConfig } from '../config.ts';
import { createDaemon } from '../daemon.ts';
import { createLogger } from '../log.ts';
import { createSystemdNotifier } from '../systemd-notify.ts';
import { aborted, type CommandContext } from './context.ts';

/** Runs the daemon until SIGTERM or SIGINT, then drains and saves. */
export async function run(options: { config: string }, context: CommandContext): Promise<void> {
  const config = loadConfig(options.config, context.env);
  const format = config.log.format === 'auto' ? (context.interactive ? 'pretty' : 'json') : config.log.format;
  const log = createLogger({ level: config.log.level, format, color: context.interactive });
  const watchdogUs = Number(context.env.WATCHDOG_USEC);
  const systemd = createSystemdNotifier({
    socket: context.env.NOTIFY_SOCKET,
    watchdogMs: watchdogUs > 0 ? watchdogUs / 1000 : null,
    log,
  });
  const daemon = createDaemon({
    config,
    configFile: options.config,
    log,
    clock: Date.now,
    holder: `forewarn run, process ${context.pid ?? 'unknown'}`,
    watchesItself: true,
  });
  const { apiUrl } = await daemon.start();
  systemd.ready(`watching; status at ${apiUrl}`);
  // That this callback runs at all is the health that the watchdog asks for: the loop turns.
  systemd.startWatchdog(() => true);
  await aborted(context.signal);
  log.info({}, 'stopping: draining and saving');
  systemd.stopping();
  await daemon.stop();
  log.info({}, 'stopped');
  await systemd.stop();
}
