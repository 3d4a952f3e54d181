import { ServiceRefusal, ServiceUnavailable } from '../../01-quickstart/service-refusal.js';

const ANSWER_MS_MAX = 5_000;

/** The other services of a sample. */
export class ServiceClient {
  readonly #urls: Readonly<Record<string, string>>;

  /** @param urls by name of the service */
  constructor(urls: Readonly<Record<string, string>>) {
    this.#urls = urls;
  }

  /**
   * Posts with plain `fetch`; the transaction travels along by itself.
   *
   * @throws ServiceRefusal, ServiceUnavailable
   */
  async post(service: string, path: string, body: object): Promise<void> {
    const response = await fetch(`${this.#urls[service] ?? ''}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    }).catch((cause: unknown) => {
      // Whatever has become of the request: what it has done is rolled back.
      throw new ServiceUnavailable('SERVICE_UNAVAILABLE', cause);
    });
    const text = await response.text();
    if (!response.ok) throw new ServiceRefusal(response.status, JSON.parse(text));
  }
}
