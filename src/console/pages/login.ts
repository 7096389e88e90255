import { createLoginPages } from '../../html/login-pages.ts'
import { html } from '../../html/html.ts'
import { loginStyle } from '../style.ts'

/** Before the console. */
export const { offerPage, loginNotice } = createLoginPages({
  home: '/console',
  styles: [loginStyle],
  below: (name) =>
    name === 'closed' || name === 'used'
      ? html`<pre tabindex="0"><code>bank-api console login</code></pre>`
      : undefined,
  texts: {
    en: {
      title: 'Enter the console',
      lead: (who) => `You enter as ${who}, for twelve hours or until you leave.`,
      button: 'Enter',
      hint: 'This address works once. What you do inside is written down in the audit under that name.',
      way: 'To the overview',
      notices: {
        closed: {
          title: 'The console is closed',
          body: 'It opens by an address that works once, for five minutes. Where Bank API runs, ask for one:',
        },
        used: {
          title: 'This address leads nowhere',
          body: 'It was used already, its five minutes are over, or it was not copied whole. Ask for a new one:',
        },
        stale: {
          title: 'This page was too old',
          body: 'Nothing was done. Open the page anew and press the button again.',
        },
        limited: {
          title: 'Please wait a minute',
          body: 'Too many pages were asked for from your network without a session.',
        },
        unknown: {
          title: 'There is nothing here',
          body: 'The address was not copied whole, or what it showed is forgotten.',
        },
        failed: {
          title: 'Something went wrong',
          body: 'The log has the reason, under the reference below.',
        },
      },
    },
    fr: {
      title: 'Entrer dans la console',
      lead: (who) => `Vous entrez en tant que ${who}, pour douze heures ou jusqu’à votre sortie.`,
      button: 'Entrer',
      hint: 'Cette adresse ne sert qu’une fois. Ce que vous faites est noté dans l’audit sous ce nom.',
      way: 'Vers la vue d’ensemble',
      notices: {
        closed: {
          title: 'La console est fermée',
          body: 'Elle s’ouvre par une adresse qui sert une fois, pendant cinq minutes. Demandez-en une là où tourne Bank API :',
        },
        used: {
          title: 'Cette adresse ne mène nulle part',
          body: 'Elle a déjà servi, ses cinq minutes sont passées, ou elle n’a pas été copiée en entier. Demandez-en une autre :',
        },
        stale: {
          title: 'Cette page était trop ancienne',
          body: 'Rien n’a été fait. Rouvrez la page et appuyez de nouveau sur le bouton.',
        },
        limited: {
          title: 'Patientez une minute',
          body: 'Trop de pages ont été demandées sans session depuis votre réseau.',
        },
        unknown: {
          title: 'Il n’y a rien ici',
          body: 'L’adresse n’a pas été copiée en entier, ou ce qu’elle montrait est oublié.',
        },
        failed: {
          title: 'Un problème est survenu',
          body: 'Le journal en donne la raison, sous la référence ci-dessous.',
        },
      },
    },
  },
})
