import { css } from './inline.ts'

/** The colours of every page, by day and by night, and how its parts look. */
export const style = css`
  :root {
    color-scheme: light dark;
    --ink: #16202e;
    --soft: #566174;
    --line: #dfe4ec;
    --field: #8390a3;
    --page: #eef2f7;
    --card: #fff;
    --main: #1d5fd0;
    --on-main: #fff;
    --tint: #e6eefb;
    --good: #14713d;
    --good-tint: #e2f3e8;
    --bad: #a8261c;
    --bad-tint: #fdeceb;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --ink: #e8edf5;
      --soft: #a2aec0;
      --line: #323d4f;
      --field: #6f7d92;
      --page: #0f151d;
      --card: #18212d;
      --main: #7fb0ff;
      --on-main: #0c1420;
      --tint: #1d2c45;
      --good: #6fd59a;
      --good-tint: #16301f;
      --bad: #ff9c92;
      --bad-tint: #3a1f1f;
    }
  }
  * {
    box-sizing: border-box;
  }
  body {
    margin: 0;
    min-height: 100vh;
    min-height: 100dvh;
    display: flex;
    flex-direction: column;
    background: var(--page);
    color: var(--ink);
    font:
      1.05rem/1.55 system-ui,
      -apple-system,
      'Segoe UI',
      Roboto,
      sans-serif;
  }
  main,
  footer {
    width: 100%;
    max-width: 32rem;
    margin: 0 auto;
    padding: 0 1rem;
  }
  main {
    margin-top: auto;
    padding-top: 1rem;
  }
  footer {
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 0.4rem;
    margin-bottom: auto;
    padding-top: 1.1rem;
    padding-bottom: 1.5rem;
    color: var(--soft);
    font-size: 0.9rem;
    text-align: center;
  }
  .card {
    background: var(--card);
    border: 1px solid var(--line);
    border-radius: 18px;
    padding: clamp(1.25rem, 5vw, 2.25rem);
    box-shadow: 0 10px 36px rgb(15 30 60 / 0.09);
  }
  .icon {
    display: grid;
    place-items: center;
    width: 3.25rem;
    height: 3.25rem;
    margin-bottom: 1.1rem;
    border-radius: 50%;
    background: var(--tint);
    color: var(--main);
  }
  .icon.good {
    background: var(--good-tint);
    color: var(--good);
  }
  .icon.bad {
    background: var(--bad-tint);
    color: var(--bad);
  }
  .icon svg {
    width: 1.75rem;
    height: 1.75rem;
  }
  h1 {
    font-size: 1.5rem;
    line-height: 1.25;
    margin: 0 0 0.75rem;
    text-wrap: balance;
    overflow-wrap: anywhere;
  }
  p {
    margin: 0 0 1.25rem;
    color: var(--soft);
    text-wrap: pretty;
    overflow-wrap: anywhere;
  }
  .card > :last-child {
    margin-bottom: 0;
  }
  dl {
    margin: 0 0 1.5rem;
    border-top: 1px solid var(--line);
  }
  dl div {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 0 1rem;
    padding: 0.65rem 0;
    border-bottom: 1px solid var(--line);
  }
  dt {
    color: var(--soft);
  }
  dd {
    margin: 0;
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  button,
  .button {
    display: block;
    width: 100%;
    padding: 0.85rem 1rem;
    border: 1px solid transparent;
    border-radius: 12px;
    background: var(--main);
    color: var(--on-main);
    font: inherit;
    font-weight: 600;
    text-align: center;
    text-decoration: none;
    overflow-wrap: anywhere;
    cursor: pointer;
  }
  button:hover,
  .button:hover {
    filter: brightness(1.07);
  }
  :focus-visible {
    outline: 3px solid var(--main);
    outline-offset: 3px;
  }
  a {
    color: inherit;
  }
  code {
    font-family: ui-monospace, 'Cascadia Mono', Menlo, monospace;
    font-size: 0.92em;
    overflow-wrap: anywhere;
  }
  .small {
    margin-top: 1.25rem;
    font-size: 0.9rem;
  }
`
