import { lookup, type LookupAddress } from 'node:dns'
import { CANCELLED, CONNREFUSED, NODATA, NOTFOUND, Resolver, TIMEOUT } from 'node:dns/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { callbackify } from 'node:util'
import { createFairSemaphore } from '../../fair-semaphore.ts'

/** All addresses of a name, or why it has none. `tenant` is for whom it is looked up, where that is known. */
export type Resolve = (
  host: string,
  done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
  tenant?: string,
) => void

export interface Resolving {
  /** Name servers to ask instead of the machine's own, as `127.0.0.1:53`. */
  servers?: readonly string[]
  /** Knows the names that DNS does not. */
  system?: Resolve
  /** How long name servers may take, and the system after them. Below the time that a dial has. */
  limitMs?: number
}

const getaddrinfo: Resolve = (host, done) =>
  lookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []))

/**
 * getaddrinfo keeps one of Node's four threads for as long as it takes; files and the database's copies need the others. One
 * domain has one of them: its owner decides how long it takes here, too.
 */
const mostThreads = { inAll: 2, ofEach: 1 }

/**
 * How many names DNS is asked for at once, and how many of one domain for one tenant: whoever owns it decides how long its answers
 * take, so they must not be able to take all the turns; and a domain such as co.uk has many owners, who are not to wait for each other.
 */
const mostNames = { inAll: 256, ofEach: 16 }

/** How often a question that got lost is asked within the limit. */
const tries = 4

/** DNS does not know the name, or there is no DNS here: it may stand in the hosts file. */
const unknown = new Set<unknown>([NOTFOUND, NODATA, CONNREFUSED])

/** Never public, and looked up at once where nobody can be asked (RFC 6761). */
const isLocalhost = (host: string): boolean => /(?:^|\.)localhost\.?$/i.test(host)

/**
 * Looks names up without a thread: DNS is asked over our own sockets, so that a name whose servers are slow costs the others
 * nothing; those who ask for the same name at once for the same tenant share the answer. Names that DNS does not know, or says nothing of, as those of the hosts file, are looked up as the system does it,
 * few at once.
 */
export function createResolve({
  servers,
  system = getaddrinfo,
  limitMs = 4_000,
}: Resolving = {}): Resolve {
  const lookUpBySystem = fewAtOnce(system, limitMs)
  const inTurn = byDomain(limitMs, mostNames)
  const lookUp = callbackify(async (host: string, tenant: string) => {
    if (isLocalhost(host)) return lookUpBySystem(host)
    const asking = inTurn(host, tenant, () => askDns(host, servers, limitMs))
    const asked = await asking.catch((error: Error) => error)
    if (asked instanceof Error) {
      if ((asked as NodeJS.ErrnoException).code === TIMEOUT) throw asked // and no time is left
      return lookUpBySystem(host).catch(() => Promise.reject(asked))
    }
    return asked.length > 0 ? asked : lookUpBySystem(host)
  })
  return (host, done, tenant = '') =>
    lookUp(host, tenant, (error, addresses) => done(error, addresses ?? []))
}

/** What DNS knows of a name by then; nothing when it does not know the name. Rejects when it fails or takes too long. */
async function askDns(
  host: string,
  servers: readonly string[] | undefined,
  limitMs: number,
): Promise<LookupAddress[]> {
  // One for each name: it reads which servers there are now, and what they do wrong for one name is not held against another.
  const timeout = Math.ceil(limitMs / tries) // and no longer from one question to the next
  const resolver = new Resolver({ timeout, maxTimeout: timeout, tries })
  if (servers) resolver.setServers(servers)
  const limit = setTimeout(() => resolver.cancel(), limitMs)
  const answers = await Promise.allSettled([
    resolver.resolve4(host).then((found) => found.map((address) => ({ address, family: 4 }))),
    resolver.resolve6(host).then((found) => found.map((address) => ({ address, family: 6 }))),
  ])
  clearTimeout(limit)

  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (addresses.length > 0) return addresses
  for (const answer of answers) {
    const error = answer.status === 'rejected' ? (answer.reason as NodeJS.ErrnoException) : null
    if (error?.code === CANCELLED) throw tooLate(host)
    if (error && !unknown.has(error.code)) throw error
  }
  return []
}

/** The domain of a name, as far as whoever owns it is concerned: who owns what below a public suffix is not known here. */
const domainOf = (host: string): string => host.replace(/\.$/, '').split('.').slice(-2).join('.')

/**
 * Look-ups, one at a time for a name and so many at once, domains in turn. One that gets no turn in its time fails as one
 * that gets no answer.
 */
function byDomain(limitMs: number, most: { inAll: number; ofEach: number }) {
  const underway = new Map<string, Promise<LookupAddress[]>>()
  const semaphore = createFairSemaphore(most)

  async function lookUp(host: string, tenant: string, work: () => Promise<LookupAddress[]>) {
    const release = await semaphore.acquire(`${tenant} ${domainOf(host)}`, limitMs)
    if (!release) throw tooLate(host)
    try {
      return await work()
    } finally {
      release()
    }
  }

  return (
    host: string,
    tenant: string,
    work: () => Promise<LookupAddress[]>,
  ): Promise<LookupAddress[]> => {
    const name = `${tenant} ${host}`
    const known = underway.get(name)
    if (known) return known
    const started = lookUp(host, tenant, work).finally(() => underway.delete(name))
    underway.set(name, started)
    return started
  }
}

/**
 * Look-ups by the system, few at once. A thread is taken for as long as the system takes; whoever asked is told in time. There are
 * too few threads for a domain to have one for each tenant.
 */
function fewAtOnce(system: Resolve, limitMs: number): (host: string) => Promise<LookupAddress[]> {
  const inTurn = byDomain(limitMs, mostThreads)
  return (host) => {
    const work = inTurn(
      host,
      '',
      () =>
        new Promise((resolve, reject) => {
          system(host, (error, addresses) => (error ? reject(error) : resolve([...addresses])))
        }),
    )
    const late = wait(limitMs, undefined, { ref: false }).then(() => Promise.reject(tooLate(host)))
    return Promise.race([work, late])
  }
}

const tooLate = (host: string): Error =>
  Object.assign(new Error(`No name server answered in time for ${host}`), { code: TIMEOUT })

/** As the machine is set up, for all who look names up in this process. */
export const systemResolve: Resolve = createResolve()
