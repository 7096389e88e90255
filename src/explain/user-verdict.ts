import { together } from './commands.ts'
import { troubleOfDeliveries } from './delivery-trouble.ts'
import { howItStands } from './item-verdict.ts'
import type { Judge } from './verdict.ts'

/** A user: how many connections there are, and which need something. */
export const verdictOfUser: Judge = (story, now) => {
  const { user, site, items } = story
  const ailing = items
    .map((held) => ({ held, stands: howItStands(held, now) }))
    .filter(({ stands }) => stands.remedy !== undefined)
  const { length } = items
  const [first] = ailing
  const isWell = length > 0 && !first
  const others = ailing.length - 1
  return together(
    {
      what: {
        en: `${user?.name ? `User ${user.name}` : 'The default user'} of ${site?.name ?? 'a site that is gone'} has ${length === 1 ? '1 connection' : `${length} connections`}${isWell ? ', and all work' : ''}.`,
        fr: `${user?.name ? `L’utilisateur ${user.name}` : 'L’utilisateur par défaut'} de ${site?.name ?? 'un site disparu'} a ${length === 1 ? '1 connexion' : `${length} connexions`}${isWell ? ', et tout marche' : ''}.`,
      },
    },
    first && {
      what: { en: `Item ${first.held.item.id}`, fr: `La connexion ${first.held.item.id}` },
    },
    first?.stands,
    others > 0
      ? {
          what: {
            en: `${others} more ${others === 1 ? 'needs' : 'need'} something.`,
            fr: `${others} de plus à traiter.`,
          },
        }
      : undefined,
    troubleOfDeliveries(story, now),
  )
}
