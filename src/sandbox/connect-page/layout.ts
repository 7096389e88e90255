import type { Html } from '../../html/html.ts'
import { css } from '../../html/inline.ts'
import { page, type Page } from '../../html/page.ts'
import { inOther } from '../../html/reader-language.ts'
import { sandboxBanner, sandboxBannerStyle } from '../../html/sandbox-banner.ts'
import type { Language } from '../../language.ts'
import { texts } from './texts.ts'

const style = css`
  label {
    display: block;
    font-weight: 600;
    margin: 1rem 0 0.3rem;
  }
  input {
    width: 100%;
    font: inherit;
    color: inherit;
    background: transparent;
    border: 1px solid var(--field);
    border-radius: 10px;
    padding: 0.7rem 0.8rem;
  }
  form button {
    margin-top: 1.25rem;
  }
  h2 {
    margin: 1.75rem 0 0;
    font-size: 1rem;
  }
  h2 + p {
    margin: 0.15rem 0 0;
    font-size: 0.9rem;
  }
  .list {
    list-style: none;
    margin: 0.6rem 0 0;
    padding: 0;
  }
  .list li {
    border-top: 1px solid var(--line);
  }
  .list li,
  .logins a {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: 0 1rem;
    padding: 0.6rem 0;
  }
  .logins li {
    display: block;
    padding: 0;
  }
  .logins a {
    padding: 0.6rem 0.5rem;
    border-radius: 8px;
    text-decoration: none;
  }
  .logins a:hover {
    background: var(--page);
  }
  .logins a[aria-current='true'] {
    background: var(--tint);
  }
  .logins code {
    color: var(--main);
  }
  button.bank {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    text-align: left;
    background: transparent;
    color: var(--ink);
    border-color: var(--main);
    box-shadow: inset 0 0 0 1px var(--main);
    margin-top: 0.6rem;
  }
  .bank small {
    white-space: nowrap;
    margin-left: 0.75rem;
  }
  button.bank:disabled {
    padding: 0.45rem 1rem;
    border-color: var(--line);
    box-shadow: none;
    color: var(--soft);
    font-weight: 400;
    filter: none;
    cursor: not-allowed;
  }
  .waiting .icon {
    position: relative;
  }
  .waiting .icon::after {
    content: '';
    position: absolute;
    inset: -6px;
    border: 3px solid var(--line);
    border-top-color: var(--main);
    border-radius: 50%;
    animation: turn 1.1s linear infinite;
  }
  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .waiting .icon::after {
      animation: none;
    }
  }
  small {
    color: var(--soft);
    font-weight: 400;
  }
  .notice {
    background: var(--bad-tint);
    color: var(--bad);
    border-radius: 10px;
    padding: 0.7rem 0.9rem;
    margin: 0.75rem 0;
  }
  .leave {
    display: block;
    width: fit-content;
    margin: 1.25rem auto 0;
    color: var(--soft);
  }
`

/** One whole page, under the banner that says it is a sandbox. */
export function layout(
  language: Language,
  {
    title,
    body,
    words,
    isOver = false,
  }: {
    title: string
    body: Html
    /** What its address has besides the language. */
    words?: Readonly<Record<string, string>>
    /** Then to look again, in the other language, would show another page. */
    isOver?: boolean
  },
): Page {
  const text = texts[language]
  return page({
    language,
    title: `${title} · ${text.title}`,
    body,
    banner: sandboxBanner(language),
    translation: isOver ? undefined : inOther(language, words),
    styles: [sandboxBannerStyle, style],
  })
}
