import { ServiceRefusal, ServiceUnavailable } from '../../01-quickstart/service-refusal.js';

const ANSWER_MS_MAX = 5_000;

/** Posts to another service with plain `fetch`; the transaction travels along by itself. */
export async function callService(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
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
