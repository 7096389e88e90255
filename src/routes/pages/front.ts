import { demoCommands, docsWithKey } from '../../demo/commands.ts'
import type { DemoKey } from '../../demo/demo-key.ts'
import { html, type Html } from '../../html/html.ts'
import { icons } from '../../html/icons.ts'
import { page, type Page } from '../../html/page.ts'
import { detailList } from '../../html/elements.ts'
import { inOther } from '../../html/reader-language.ts'
import { sandboxBanner, sandboxBannerStyle } from '../../html/sandbox-banner.ts'
import type { Language } from '../../language.ts'
import { startStyle } from './start-style.ts'

/** All that `/` says. */
const texts = {
  en: {
    what: 'This server connects Dokos and ERPNext sites to their banks, through Bridge. A site calls it with an API key, as it would call another Frappe site.',
    docs: 'API reference',
    docsWithKey: 'API reference, with this key to call',
    console: 'Operator’s console',
    health: 'Health',
    flow: 'The whole flow in half a minute',
    begin: 'Connect a bank now',
    walk: 'Log in at an invented bank as “success”, or with any word that it does not list, and come back to a page with the accounts and the first transactions.',
    terminal: 'The same from a terminal',
    key: 'This key is the sandbox’s own, and good for nothing else. One click selects it, or a command, as a whole.',
    whoAmI: 'Try the key',
    connect: 'Ask for a link, and open its url in a browser',
    ended: 'The key of this sandbox has ended, or has another secret. For another:',
  },
  fr: {
    what: 'Ce serveur relie les sites Dokos et ERPNext à leurs banques, par Bridge. Un site l’appelle avec une clé d’API, comme il appellerait un autre site Frappe.',
    docs: 'Référence de l’API',
    docsWithKey: 'Référence de l’API, avec cette clé pour appeler',
    console: 'Console de l’exploitant',
    health: 'État du serveur',
    flow: 'Tout le parcours en une demi-minute',
    begin: 'Connecter une banque',
    walk: 'Identifiez-vous auprès d’une banque inventée, avec « success » ou tout mot qu’elle ne montre pas, et revenez à une page avec les comptes et les premières opérations.',
    terminal: 'La même chose depuis un terminal',
    key: 'Cette clé est celle du bac à sable, et ne sert à rien d’autre. Un clic la sélectionne tout entière, comme une commande.',
    whoAmI: 'Essayer la clé',
    connect: 'Demander un lien, et ouvrir son url dans un navigateur',
    ended: 'La clé de ce bac à sable a pris fin, ou a un autre secret. Pour en faire une autre :',
  },
} as const satisfies Record<Language, Record<string, string>>

/** What this is, for whoever opens its address; nothing of whom it serves. */
export function frontPage(language: Language): Page {
  const text = texts[language]
  return page({
    language,
    title: 'Bank API',
    body: html`${icons.bank}
      <h1>Bank API</h1>
      <p>${text.what}</p>
      <a class="button" href="/docs">${text.docs}</a>
      <p class="small"><a href="/ready">${text.health}</a></p>`,
    translation: inOther(language),
    policy: ["form-action 'none'"],
  })
}

/**
 * The same for whoever tries it: a button that walks the whole flow, and the commands. Its policy says nothing of forms: a
 * browser would apply that to the redirect after the form too, and that one goes to the sandbox.
 */
export function sandboxFront(
  language: Language,
  {
    publicUrl,
    key,
    hasConsole,
  }: { publicUrl: string; key: DemoKey | undefined; hasConsole: boolean },
): Page {
  const text = texts[language]
  return page({
    language,
    title: 'Bank API',
    isCard: false,
    banner: sandboxBanner(language),
    body: html`<h1>Bank API</h1>
      <p>${text.what}</p>
      ${
        key
          ? offer(language, publicUrl, key)
          : html`<section class="card">
              <p>${text.ended}</p>
              <pre tabindex="0">npx bank-api key create --tenant demo --site demo</pre>
            </section>`
      }
      <ul class="ways">
        <li>
          <a href="${key ? docsWithKey(key) : '/docs'}">${key ? text.docsWithKey : text.docs}</a>
        </li>
        ${hasConsole && html`<li><a href="/console">${text.console}</a></li>`}
        <li><a href="/ready">${text.health}</a></li>
      </ul>`,
    translation: inOther(language),
    styles: [sandboxBannerStyle, startStyle],
  })
}

function offer(language: Language, publicUrl: string, key: DemoKey): Html {
  const text = texts[language]
  const { whoAmI, connect } = demoCommands(publicUrl, key)
  return html`<section class="card first">
      <h2>${text.flow}</h2>
      <p>${text.walk}</p>
      <form method="post" action="/demo"><button>${text.begin}</button></form>
    </section>
    <section class="card">
      <h2>${text.terminal}</h2>
      <p>${text.key}</p>
      ${detailList([
        ['api_key', html`<code>${key.apiKey}</code>`],
        ['api_secret', html`<code>${key.apiSecret}</code>`],
      ])}
      <h3>${text.whoAmI}</h3>
      <pre tabindex="0">${whoAmI}</pre>
      <h3>${text.connect}</h3>
      <pre tabindex="0">${connect}</pre>
    </section>`
}
