import { codeOf, type Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'
import { dayMs } from '../durations.ts'

/** A clock this far off breaks signatures and consent dates; this far is worth a word. In milliseconds. */
const drift = { critical: 120_000, warning: 10_000 }

/** Whether Bridge takes our credentials, what time it is there, and whether its webhooks arrive. */
export async function checkBridge(examination: Examination): Promise<Finding[]> {
  return [...(await checkCredentials(examination)), ...(await checkWebhooks(examination))]
}

async function checkCredentials({
  probes,
  clock,
  config,
  bridgeOrigin,
  credentials,
  store,
}: Examination): Promise<Finding[]> {
  const check = 'bridge credentials'
  // One provider: the cheapest call that needs credentials and no user (Bridge: providers).
  const answer = await probes
    .get(`${bridgeOrigin}/v3/providers?limit=1`, {
      'bridge-version': '2025-01-15',
      'client-id': credentials.clientId,
      'client-secret': credentials.clientSecret,
    })
    .catch((error: unknown) => error as Error)
  if (answer instanceof Error) {
    const act = config.sandbox
      ? 'Start the server: the sandbox runs inside it.'
      : 'Check the network, DNS, the firewall and HTTPS_PROXY from this machine to Bridge.'
    return [critical(check, `Bridge cannot be reached at ${bridgeOrigin}: ${codeOf(answer)}`, act)]
  }
  const { status, date } = answer
  const findings = [
    status === 200
      ? ok(check, 'accepted by Bridge')
      : status === 401 || status === 403
        ? critical(
            check,
            `Bridge refuses them (${status})`,
            "Compare BRIDGE_CLIENT_ID and BRIDGE_CLIENT_SECRET with the application in Bridge's dashboard, and its list of allowed addresses with ours.",
          )
        : warning(check, `Bridge answers ${status}`, "Look at Bridge's status page and try again."),
  ]
  // A sandbox's clock is moved by a lever.
  if (date !== undefined && !config.sandbox) {
    findings.push(judgeDrift(clock.now() - date, store.isShared))
  }
  return findings
}

/** `Date` is cut to the second, and the answer took a moment. */
function judgeDrift(ms: number, isShared: boolean): Finding {
  const seconds = Math.round(Math.abs(ms) / 1_000)
  const message = `${seconds} s ${ms > 0 ? 'ahead of' : 'behind'} Bridge's`
  const whose = isShared ? "the database's machine" : 'the machine'
  const act = `Let ${whose} keep time by NTP: \`timedatectl set-ntp true\`.`
  if (Math.abs(ms) >= drift.critical) return critical('clock', message, act)
  if (Math.abs(ms) >= drift.warning) return warning('clock', message, act)
  return ok('clock', "agrees with Bridge's")
}

async function checkWebhooks({ config, store, clock }: Examination): Promise<Finding[]> {
  const check = 'bridge webhooks'
  const now = clock.now()
  if (config.secrets.webhookSecrets.length === 0 && !config.sandbox) {
    return [
      critical(
        check,
        'no webhook secret is configured: what Bridge sends is refused',
        `Add a webhook to ${config.publicUrl}/webhooks/bridge in Bridge's dashboard and set BRIDGE_WEBHOOK_SECRETS.`,
      ),
    ]
  }
  const lastAt = await store.lastWebhookAt(now)
  const early = await store.lastWebhookAt(Number.MAX_SAFE_INTEGER)
  if (early !== null && early > now + drift.critical) {
    return [
      critical(
        check,
        `the last came at ${new Date(early).toISOString()}, which is yet to come`,
        'Compare the time with `date -u`: the clock is wrong, or was and nobody has restarted the server since.',
      ),
    ]
  }
  const refusals = await store.listAudit({ since: now - dayMs, limit: 1_000 })
  const refused = refusals.filter(({ action }) => action === 'webhook.refused')
  const lastRefusedAt = Math.max(...refused.map(({ at }) => at), Number.NEGATIVE_INFINITY)
  // Strangers may post nonsense at any time: that alone says nothing while good ones still arrive.
  const silent = lastAt === null || now - lastAt > dayMs
  if (silent && lastRefusedAt > (lastAt ?? Number.NEGATIVE_INFINITY)) {
    return [
      critical(
        check,
        'the last webhook had a signature that no secret of ours makes',
        "Compare BRIDGE_WEBHOOK_SECRETS with the secret in Bridge's dashboard.",
      ),
    ]
  }
  if (lastAt === null && config.sandbox) return [ok(check, 'none has arrived yet')]
  if (lastAt === null) {
    return [
      warning(
        check,
        'none has arrived yet: the secret was never seen to match',
        "Send a test event from Bridge's dashboard.",
      ),
    ]
  }
  const days = Math.floor((now - lastAt) / dayMs)
  if (days >= 3) {
    return [
      warning(
        check,
        `none has arrived for ${days} days`,
        "Look at the webhook in Bridge's dashboard: it may be disabled, or its address wrong.",
      ),
    ]
  }
  return [ok(check, 'arrive, and the secret matches')]
}
