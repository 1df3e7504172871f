import { ForewarnError, messageOf } from '../errors.ts';

/** Speaks to the API of a running daemon. */
export interface ApiClient {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object): Promise<T>;
  delete<T>(path: string): Promise<T>;
}

const timeoutMs = 10_000;

/**
 * A client of the API at `url`. Its calls reject with `API_UNREACHABLE`, with `API_ANSWER_UNKNOWN` when something else
 * answers there, or with the code, message and hint of the API.
 */
export function createApiClient(url: string, signal: AbortSignal): ApiClient {
  const base = url.replace(/\/+$/, '');

  async function call<T>(path: string, init: RequestInit): Promise<T> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    let response: Response;
    try {
      response = await fetch(`${base}${path}`, { ...init, signal: limit });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new ForewarnError('API_UNREACHABLE', `${base} does not answer: ${messageOf(cause)}`, {
        retryable: true,
        cause: error,
        hint: 'Is the daemon running? Say where its API is with --url, or with --config the file that it runs with.',
      });
    }
    const body: unknown = await response.json().catch(() => null);
    if (response.ok && body !== null) return body as T;
    const { error } = (body ?? {}) as { error?: { code: string; message: string; hint: string | null } };
    if (error === undefined) {
      throw new ForewarnError(
        'API_ANSWER_UNKNOWN',
        `${base} gave HTTP ${response.status} and no word of Forewarn`,
        {
          hint: 'Another program seems to listen there: look at --url.',
        },
      );
    }
    throw new ForewarnError(error.code, error.message, error.hint === null ? {} : { hint: error.hint });
  }

  return {
    get: (path) => call(path, {}),
    delete: (path) => call(path, { method: 'DELETE' }),
    post: (path, body) =>
      call(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
  };
}
