import { setTimeout as wait } from 'node:timers/promises'
import { createAuditCounter } from '../audit/counter.ts'
import type { EndpointHealth } from '../db/ports/endpoints.ts'
import type { Site } from '../db/ports/sites.ts'
import { commandPrefix } from '../db/rules/delivery-claims.ts'
import { isDelivered } from '../db/rules/endpoint-health.ts'
import { command } from '../terminal/shell.ts'
import { hintFor } from '../webhooks/relay/hints.ts'
import { createRelay } from '../webhooks/relay/relay.ts'
import { createSender, type Sender } from '../webhooks/relay/sender.ts'
import { targetFacts, type TargetFacts } from '../webhooks/relay/target-facts.ts'
import { openedTo } from '../webhooks/relay/target-guard.ts'
import { sendTest } from '../webhooks/relay/test-event.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { siteNamed, tenantNamed, type Installation } from './installation.ts'
import { time } from './print.ts'
import { forTerminal, triesOf } from './webhook-tries.ts'
import { wrapped } from '../terminal/width.ts'

/** A little longer than a try may take. */
const patienceMs = 20_000
const lookEveryMs = 200

/**
 * Sends a `webhook.test` to a site at once, whether its endpoint rests or is disabled, and tells what came back, how the
 * address is reached and what the usual mistake is. Ends with 1 when it was not delivered.
 */
export async function testEndpoint(
  { exitWith, printOne, withProgress, terminal: { say } }: CommandContext,
  installation: Installation,
  name: string,
  options: { tenant: string; json?: boolean },
): Promise<void> {
  const { store, config, clock } = installation
  const site = await siteNamed(store, { tenant: options.tenant, site: name })
  const tenant = await tenantNamed(store, options.tenant)
  const { webhookUrl: url } = site
  if (url === null) throw new CommandError(`Site ${name} has no webhook URL`)
  if (tenant.disabledAt !== null) throw new CommandError(`Tenant ${tenant.name} is disabled`)
  const { allowedTargets } = await store.readEndpoint(site.id)
  const bounds = { opened: openedTo(allowedTargets, config), own: config.publicUrl }

  const [facts, { id, tried, location }] = await withProgress((tell) => {
    tell('try 1 … waiting')
    return Promise.all([targetFacts(url, bounds), testFromHere(installation, site)])
  })

  const endpoint = await store.readEndpoint(site.id)
  const { status, error, ms, response } = tried
  const delivered = isDelivered(status)
  const hint = delivered ? null : (hintFor({ url, status, error, response, location })?.en ?? null)
  const next =
    endpoint.disabledAt !== null && delivered
      ? command`webhook enable ${site.name} --tenant ${tenant.name}`
      : null
  const answer = { webhook_id: id, delivered, status, error, ms, response }
  const around = { url, ...factsRow(facts), endpoint: standing(endpoint, clock.now()) }
  if (options.json) printOne({ ...answer, ...around, hint, next }, options)
  else {
    printOne({ ...answer, response: forTerminal(response), ...known(around) }, options)
    if (hint !== null) say('', ...wrapped(hint, 78))
    if (next !== null) say('', 'It stays disabled until this:', next)
  }
  if (!delivered) exitWith(1)
}

/** Stores the event and tries it from here. A server that was quicker tries it as well as we would: then its try is told. */
async function testFromHere(installation: Installation, site: Site) {
  const { store, config, clock, ids, by } = installation
  const inner = createSender({ own: config.publicUrl })
  let location: string | undefined
  const sender: Sender = {
    ...inner,
    async send(post) {
      const answer = await inner.send(post)
      if (answer.status !== null && typeof answer.location === 'string') location = answer.location
      return answer
    },
  }
  const auditCounter = createAuditCounter((entry) => store.audit(entry))
  const relay = createRelay({
    ...installation,
    memberId: ids.next(commandPrefix),
    clockWatch: { jumped: () => 0 },
    auditCounter,
    sender,
    log: { info() {}, warn() {}, error() {} },
    openedTo: (ownRanges) => openedTo(ownRanges, config),
  })
  try {
    const id = await sendTest({ ...installation, relay }, site, by)
    const giveUpAt = clock.now() + patienceMs
    do {
      const [tried] = triesOf(installation, await store.findDelivery(id))
      if (tried) return { id, tried, location }
      await wait(lookEveryMs)
    } while (clock.now() < giveUpAt)
    throw new CommandError(
      `${id} is on its way; see later what came back: ${command`webhook show ${id}`}`,
    )
  } finally {
    await auditCounter.flush()
    await inner.close()
  }
}

const factsRow = ({ addresses, dnsError, tls }: TargetFacts) => ({
  addresses,
  dns_error: dnsError,
  tls: tls?.protocol ?? null,
  tls_error: tls?.error ?? null,
  certificate_by: tls?.issuer ?? null,
  certificate_until: time(tls?.validUntil ?? null),
})

/** What there is nothing to say of gets no line. */
const known = (row: Record<string, string | string[] | null>) =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))

/** How the endpoint stands after the test. */
function standing(endpoint: EndpointHealth, now: number): string {
  const { disabledAt, disabledReason, holdUntil, failingSince } = endpoint
  if (disabledAt !== null) return `disabled since ${time(disabledAt)}: ${disabledReason}`
  if (holdUntil > now) return `rests until ${time(holdUntil)}`
  return failingSince === null ? 'well' : `fails since ${time(failingSince)}`
}
