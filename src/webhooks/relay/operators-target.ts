import type { Config } from '../../config.ts'
import { checkTarget, openedTo, TargetRefusedError } from './target-guard.ts'

/**
 * Why webhooks may not go to an address that the operator names; undefined when they may. The same that a link call would be
 * refused for. `allowedTargets` are those of the site.
 */
export async function whyRefused(
  webhookUrl: string,
  allowedTargets: readonly string[],
  config: Config,
): Promise<string | undefined> {
  if (!config.allowHttp && new URL(webhookUrl).protocol === 'http:') {
    return 'The webhook URL must be an https address'
  }
  try {
    const opened = openedTo(allowedTargets, config)
    await checkTarget(webhookUrl, { opened, own: config.publicUrl })
    return undefined
  } catch (error) {
    if (!(error instanceof TargetRefusedError)) throw error
    return error.message
  }
}
