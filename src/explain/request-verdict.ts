import { hasMadeItem } from '../db/rules/request-claim.ts'
import { lastingSaid, sinceThen } from '../terminal/durations.ts'
import { together } from './commands.ts'
import { verdictOfItem } from './item-verdict.ts'
import type { Judge } from './verdict.ts'

/** A link: whether somebody came back with a bank. */
export const verdictOfRequest: Judge = (story, now) => {
  const [owned] = story.requests
  if (!owned) {
    return {
      what: {
        en: 'Nothing is known about this request any more.',
        fr: 'On ne sait plus rien de ce lien.',
      },
    }
  }
  const { request, user, site } = owned
  const whose = {
    en: `of ${user.name === '' ? '' : `${user.name} on `}${site.name}`,
    fr: `de ${user.name === '' ? '' : `${user.name} sur `}${site.name}`,
  }
  const again = {
    en: 'The user asks for a new link and goes through it.',
    fr: 'L’utilisateur demande un nouveau lien et va jusqu’au bout.',
  }
  const expiry = sinceThen(request.expiresAt, now)
  const ofItem = story.items.length > 0 ? verdictOfItem(story, now) : undefined
  const step =
    request.step === null
      ? { en: '', fr: '' }
      : { en: `, at step ${request.step}`, fr: `, à l’étape ${request.step}` }
  const waitsForItem = hasMadeItem(request) && story.items.some(({ item }) => item.goneAt === null)
  switch (request.state) {
    case 'completed': {
      const took = lastingSaid((request.completedAt ?? request.openedAt) - request.openedAt)
      return together(
        {
          what: {
            en: `The link ${whose.en} was completed after ${took.en}.`,
            fr: `Le lien ${whose.fr} a abouti après ${took.fr}.`,
          },
        },
        ofItem,
      )
    }
    case 'failed':
      if (waitsForItem) {
        return together(
          {
            what: {
              en: `The visit of the link ${whose.en} failed${step.en}; it will be completed once its connection works.`,
              fr: `La visite du lien ${whose.fr} a échoué${step.fr} ; il aboutira dès que sa connexion marchera.`,
            },
          },
          ofItem,
        )
      }
      if (hasMadeItem(request)) {
        return {
          what: {
            en: `The visit of the link ${whose.en} failed${step.en}, and its connection is gone.`,
            fr: `La visite du lien ${whose.fr} a échoué${step.fr}, et sa connexion n’est plus là.`,
          },
          remedy: again,
        }
      }
      return {
        what: {
          en: `The visit of the link ${whose.en} ended without a bank${step.en}; it may still be completed until it expires, ${expiry.en}.`,
          fr: `La visite du lien ${whose.fr} s’est finie sans banque${step.fr} ; il peut encore aboutir jusqu’à son expiration, ${expiry.fr}.`,
        },
        remedy: again,
      }
    case 'expired':
      return {
        what: {
          en: `Nobody completed the link ${whose.en} in time.`,
          fr: `Personne n’est allé à temps au bout du lien ${whose.fr}.`,
        },
        remedy: again,
      }
    case 'pending':
  }
  if (request.claimedItemId !== null) {
    return {
      what: {
        en: `A browser came back to the link ${whose.en} with item ${request.claimedItemId}, which Bridge has yet to confirm.`,
        fr: `Un navigateur est revenu au lien ${whose.fr} avec la connexion ${request.claimedItemId}, que Bridge doit encore confirmer.`,
      },
      remedy: {
        en: 'Nobody need do anything: it is asked again. `bank-api doctor` tells whether Bridge answers.',
        fr: 'Personne n’a rien à faire : Bridge est interrogé de nouveau. `bank-api doctor` dit si Bridge répond.',
      },
    }
  }
  if (waitsForItem) {
    return together(
      {
        what: {
          en: `The link ${whose.en} will be completed once its connection works.`,
          fr: `Le lien ${whose.fr} aboutira dès que sa connexion marchera.`,
        },
      },
      ofItem,
    )
  }
  return {
    what: {
      en: `Nobody has come back from the bank yet with the link ${whose.en}; it expires ${expiry.en}.`,
      fr: `Personne n’est encore revenu de la banque avec le lien ${whose.fr} ; il expire ${expiry.fr}.`,
    },
  }
}
