import { html, type Html } from './html.ts'
import { texts } from './texts.ts'
import type { Language } from '../language.ts'

/**
 * No script, no foreign asset. `form-action` stays open: browsers apply it to the redirect after a
 * form too, and that one goes to the caller's site.
 */
export const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

const style = `
:root{color-scheme:light dark;--ink:#172033;--soft:#5b6577;--line:#d9dee8;--page:#f3f5fa;--card:#fff;
--main:#3346d3;--bad:#a8261c;--badback:#fdeceb;--tape:#ffd43b}
@media(prefers-color-scheme:dark){:root{--ink:#e9ecf5;--soft:#a3adc2;--line:#343c50;--page:#10141f;
--card:#1a2030;--main:#8696ff;--bad:#ff9c92;--badback:#3a1f1f}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.tape{background:var(--tape);color:#201a00;text-align:center;font-weight:600;font-size:.85rem;padding:.5rem 1rem}
main{max-width:30rem;margin:0 auto;padding:clamp(1rem,6vh,4rem) 1rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:16px;padding:1.5rem;
box-shadow:0 8px 30px rgb(20 30 60/.08)}
h1{font-size:1.4rem;line-height:1.25;margin:0 0 .5rem}
p{margin:.25rem 0 1rem;color:var(--soft)}
label{display:block;font-weight:600;margin:1rem 0 .3rem}
input{width:100%;font:inherit;color:inherit;background:transparent;border:1px solid var(--soft);
border-radius:10px;padding:.7rem .8rem}
button{width:100%;font:inherit;font-weight:600;cursor:pointer;border-radius:10px;padding:.75rem 1rem;
border:1px solid var(--main);background:var(--main);color:var(--card);margin-top:1.25rem}
input:focus-visible,button:focus-visible,a:focus-visible,summary:focus-visible{outline:3px solid var(--tape);outline-offset:2px}
.list{list-style:none;margin:1rem 0 0;padding:0}
.list li{border-top:1px solid var(--line);padding:.6rem 0;display:flex;align-items:baseline;justify-content:space-between;gap:1rem}
.bank{display:flex;align-items:baseline;justify-content:space-between;text-align:left;background:transparent;
color:var(--ink);border-color:var(--line);margin-top:.6rem}
.bank small{white-space:nowrap;margin-left:.75rem}
.bank:not(.open) span{font-weight:400;color:var(--soft)}
.bank.open{border-color:var(--main);border-width:2px}
small{color:var(--soft);font-weight:400}
.notice{background:var(--badback);color:var(--bad);border-radius:10px;padding:.7rem .9rem;margin:.75rem 0}
.leave{display:block;text-align:center;margin-top:1.25rem;color:var(--soft)}
details{margin-top:1.25rem;font-size:.9rem}
summary{cursor:pointer;color:var(--soft)}
code{font:.9em ui-monospace,monospace}
.badge{width:3rem;height:3rem;border-radius:50%;background:var(--main);color:var(--card);
display:grid;place-items:center;font-size:1.5rem;margin-bottom:1rem}
`

/** One whole page, under the tape that says it is a sandbox. */
export function layout(
  language: Language,
  page: { title: string; body: Html; head?: Html | undefined },
): string {
  const text = texts[language]
  const { markup } = html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        ${page.head}
        <title>${page.title} · ${text.title}</title>
        <style>
          ${{ markup: style }}
        </style>
      </head>
      <body>
        <div class="tape" role="note">${text.sandbox}</div>
        <main><div class="card">${page.body}</div></main>
      </body>
    </html> `
  return markup
}
