import { type RequestOptions, request as send } from 'node:http';
import { text } from 'node:stream/consumers';

/** One request to an agent of the lab, its whole answer. Rejects with an Error, `silence` where there is none within `options.timeout`. */
export function ask(
  options: RequestOptions & { timeout: number },
  body: string,
  silence: string,
): Promise<{ status: number; said: string }> {
  return new Promise((resolve, reject) => {
    const request = send(options, (response) => {
      text(response).then((said) => resolve({ status: response.statusCode!, said }), reject);
    });
    request.on('timeout', () => request.destroy(new Error(silence)));
    request.on('error', reject);
    request.end(body);
  });
}
