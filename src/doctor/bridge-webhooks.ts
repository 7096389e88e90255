import { dayMs } from '../durations.ts'
import type { AuditRow } from '../db/ports/audit.ts'
import { refusalOf } from '../webhooks/inbox/refused-webhooks.ts'
import { drift } from './bridge.ts'
import type { Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'

const check = { en: 'bridge webhooks', fr: 'webhooks de Bridge' }

/** Whether what Bridge tells us arrives, and whether our secret is the one it signs with. */
export async function checkWebhooks(examination: Examination): Promise<Finding[]> {
  const { config, store, clock } = examination
  const now = clock.now()
  if (config.secrets.webhookSecrets.length === 0 && !config.sandbox) {
    return [
      critical(
        'bridge_webhooks.no_secret',
        check,
        {
          en: 'no webhook secret is configured: what Bridge sends is refused',
          fr: 'aucun secret de webhook n’est configuré : ce que Bridge envoie est refusé',
        },
        {
          en: `Add a webhook to ${examination.publicUrl}/webhooks/bridge in Bridge's dashboard and set BRIDGE_WEBHOOK_SECRETS.`,
          fr: `Ajoutez un webhook vers ${examination.publicUrl}/webhooks/bridge dans le tableau de bord de Bridge, et définissez BRIDGE_WEBHOOK_SECRETS.`,
        },
      ),
    ]
  }
  const lastAt = await store.lastWebhookAt(now)
  const early = await store.lastWebhookAt(Number.MAX_SAFE_INTEGER)
  if (early !== null && early > now + drift.critical) {
    return [
      critical(
        'bridge_webhooks.time_to_come',
        check,
        {
          en: `the last came at ${new Date(early).toISOString()}, which is yet to come`,
          fr: `le dernier est arrivé le ${new Date(early).toISOString()}, une date à venir`,
        },
        {
          en: 'Compare the time with `date -u`: the clock is wrong, or was and nobody has restarted the server since.',
          fr: 'Comparez l’heure avec `date -u` : l’horloge est fausse, ou l’était et personne n’a redémarré le serveur depuis.',
        },
      ),
    ]
  }
  const refusals = await store.listAudit({
    since: now - dayMs,
    action: refusalOf.action,
    limit: 1_000,
  })
  return [judgeRefusals(refusals, { lastAt, now }) ?? judgeSilence(lastAt, now, config)]
}

/**
 * Strangers may post nonsense at any time, which says nothing while good ones still arrive. What names a user of ours is
 * Bridge's: one that was refused since the last good one, and its secret is another.
 */
function judgeRefusals(
  refusals: readonly AuditRow[],
  { lastAt, now }: { lastAt: number | null; now: number },
): Finding | undefined {
  const since = lastAt ?? Number.NEGATIVE_INFINITY
  const fresh = refusals.filter(({ at }) => at > since)
  const genuine = fresh.filter(({ subject }) => subject === refusalOf.knownUser)
  const isSilent = lastAt === null || now - lastAt > dayMs
  const isBridges = genuine.length > 0
  if (fresh.length === 0 || (!isBridges && !isSilent)) return undefined
  const first = Math.min(...genuine.map(({ at, bucket }) => Math.max(bucket ?? at, since)))
  const message = !isBridges
    ? {
        en: 'the last webhook had a signature that no secret of ours makes',
        fr: 'la signature du dernier webhook n’a été faite avec aucun de nos secrets',
      }
    : {
        en: `those of Bridge are refused since ${new Date(first).toISOString()}: it signs with another secret`,
        fr: `ceux de Bridge sont refusés depuis ${new Date(first).toISOString()} : il signe avec un autre secret`,
      }
  return critical('bridge_webhooks.secret_refused', check, message, {
    en: "Set BRIDGE_WEBHOOK_SECRETS to the secret in Bridge's dashboard, and restart; while one is rotated to both, comma-separated. Bridge sends again what was refused, for a day or two.",
    fr: 'Donnez à BRIDGE_WEBHOOK_SECRETS le secret du tableau de bord de Bridge, et redémarrez ; pendant une rotation les deux, séparés par une virgule. Bridge renvoie ce qui a été refusé, pendant un jour ou deux.',
  })
}

function judgeSilence(
  lastAt: number | null,
  now: number,
  { sandbox }: Examination['config'],
): Finding {
  if (lastAt === null && sandbox) return ok('bridge_webhooks.ok', check, 'none has arrived yet')
  if (lastAt === null) {
    return warning(
      'bridge_webhooks.none_yet',
      check,
      {
        en: 'none has arrived yet: the secret was never seen to match',
        fr: 'aucun n’est encore arrivé : rien ne montre que le secret est le bon',
      },
      {
        en: "Send a test event from Bridge's dashboard.",
        fr: 'Envoyez un événement de test depuis le tableau de bord de Bridge.',
      },
    )
  }
  const days = Math.floor((now - lastAt) / dayMs)
  if (days >= 3) {
    return warning(
      'bridge_webhooks.silent',
      check,
      {
        en: `none has arrived for ${days} days`,
        fr: `aucun n’est arrivé depuis ${days} jours`,
      },
      {
        en: "Look at the webhook in Bridge's dashboard: it may be disabled, or its address wrong.",
        fr: 'Regardez le webhook dans le tableau de bord de Bridge : il est peut-être désactivé, ou son adresse fausse.',
      },
    )
  }
  return ok('bridge_webhooks.ok', check, 'arrive, and the secret matches')
}
