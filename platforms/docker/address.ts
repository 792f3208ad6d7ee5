import { z } from 'zod';
import { parseUrl, refuseSecrets } from '../keys.ts';

const DOCKER_API = 'expected tcp://host:port, ssh://user@host or unix:///path of a Docker API';

/** The address of a Docker API, as a cluster file gives it. */
export const dockerApi = z
  .string({ error: DOCKER_API })
  .superRefine(refuseSecrets)
  .refine(isDockerApi, { error: DOCKER_API })
  .meta({ examples: ['ssh://ops@m1'] });

function isDockerApi(text: string): boolean {
  const url = parseUrl(text);
  if (!url) return false;
  if (url.protocol === 'unix:') return url.host === '' && url.pathname.length > 1;
  if (!['', '/'].includes(url.pathname) || url.hostname === '' || url.port === '0' || text.includes('?')) return false;
  return url.protocol === 'ssh:' || (url.protocol === 'tcp:' && url.port !== '' && url.username === '');
}
