import { loadConfig } from '../config.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import type { CommandContext } from './context.ts';

/** Reaches the daemon, so that a command needs nothing but the file that the daemon runs with; `url` goes before it. */
export function daemonClient(
  options: { readonly config: string; readonly url?: string },
  context: CommandContext,
): ApiClient {
  if (options.url !== undefined) return createApiClient(options.url, context.signal);
  const { host, port } = loadConfig(options.config, context.env).api;
  // A daemon that listens on every address is reached on this machine's own.
  const name =
    host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return createApiClient(`http://${name}:${port}`, context.signal);
}
