import { createLoginPages } from '../../html/login-pages.ts'

/** Before a site's page. */
export const { offerPage, loginNotice } = createLoginPages({
  home: '/portal',
  texts: {
    en: {
      title: 'Your bank connections',
      lead: (name) =>
        `See how the bank connections of ${name} are, renew them, and follow what was sent to it.`,
      button: 'Show them',
      hint: 'This address works once. The page stays open for an hour, or until you leave.',
      way: 'To the connections',
      notices: {
        closed: {
          title: 'This page is closed',
          body: 'It stays open for an hour. Your accounting site opens it again.',
        },
        used: {
          title: 'This address leads nowhere',
          body: 'It was used already, its hour is over, or it was not copied whole. Your accounting site gives you another.',
        },
        stale: {
          title: 'This page was too old',
          body: 'Nothing was done. Open the page anew and press the button again.',
        },
        limited: {
          title: 'Please wait',
          body: 'Too much was asked for at once, or too much was done today. Try again later.',
        },
        unknown: {
          title: 'There is nothing here',
          body: 'The address was not copied whole, or what it showed is forgotten.',
        },
        failed: {
          title: 'Something went wrong',
          body: 'It is not your doing. Reload this page in a few minutes; if it goes on, tell support the reference below.',
        },
      },
    },
    fr: {
      title: 'Vos connexions bancaires',
      lead: (name) =>
        `Voyez où en sont les connexions bancaires de ${name}, renouvelez-les et suivez ce qui lui a été envoyé.`,
      button: 'Les afficher',
      hint: 'Cette adresse ne sert qu’une fois. La page reste ouverte une heure, ou jusqu’à votre sortie.',
      way: 'Vers les connexions',
      notices: {
        closed: {
          title: 'Cette page est fermée',
          body: 'Elle reste ouverte une heure. Votre site de gestion l’ouvre de nouveau.',
        },
        used: {
          title: 'Cette adresse ne mène nulle part',
          body: 'Elle a déjà servi, son heure est passée, ou elle n’a pas été copiée en entier. Votre site de gestion vous en donne une autre.',
        },
        stale: {
          title: 'Cette page était trop ancienne',
          body: 'Rien n’a été fait. Rouvrez la page et appuyez de nouveau sur le bouton.',
        },
        limited: {
          title: 'Patientez un peu',
          body: 'Trop de demandes sont arrivées à la fois, ou trop d’actions ont eu lieu aujourd’hui. Réessayez plus tard.',
        },
        unknown: {
          title: 'Il n’y a rien ici',
          body: 'L’adresse n’a pas été copiée en entier, ou ce qu’elle montrait est oublié.',
        },
        failed: {
          title: 'Un problème est survenu',
          body: 'Vous n’y êtes pour rien. Rechargez cette page dans quelques minutes ; si cela continue, donnez la référence ci-dessous à l’assistance.',
        },
      },
    },
  },
})
