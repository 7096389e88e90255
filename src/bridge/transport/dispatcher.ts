import { EnvHttpProxyAgent, Pool, type Dispatcher } from 'undici'
import type { Config } from '../../config.ts'

const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * How requests to an origin leave this machine: by the proxy that the environment names for it, or straight; to this machine
 * itself always straight. The server, its commands and the doctor all go this way, whatever NODE_USE_ENV_PROXY says.
 * Whoever made it closes it.
 */
export function dispatcherTo(
  origin: string,
  proxy: Config['secrets']['proxy'],
  connections: number,
): Dispatcher {
  const { protocol, hostname } = new URL(origin)
  const uri = protocol === 'https:' ? proxy.https : proxy.http
  if (uri === undefined || loopback.test(hostname)) return new Pool(origin, { connections })
  return new EnvHttpProxyAgent({
    httpProxy: uri,
    httpsProxy: uri,
    noProxy: proxy.none,
    connections,
  })
}
