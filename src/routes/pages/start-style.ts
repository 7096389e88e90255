import { css } from '../../html/inline.ts'

/** Of the pages that a developer starts with. */
export const startStyle = css`
  main,
  footer {
    max-width: 54rem;
  }
  main {
    margin-top: 0;
    padding-top: clamp(1.25rem, 5vh, 3rem);
  }
  main > h1 {
    margin-bottom: 0.35rem;
  }
  main > p {
    margin-bottom: 1.5rem;
  }
  h2 {
    margin: 0 0 0.5rem;
    font-size: 1.15rem;
  }
  .card {
    min-width: 0;
    margin-bottom: 1rem;
    padding: clamp(1.1rem, 4vw, 1.6rem);
    border-radius: 14px;
    box-shadow: none;
  }
  .card p {
    margin-bottom: 1rem;
  }
  .first {
    border-color: var(--main);
    box-shadow: 0 10px 36px rgb(15 30 60 / 0.09);
  }
  .card.two {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr));
    gap: 1.5rem 2.25rem;
  }
  pre {
    margin: 0.35rem 0 1rem;
    padding: 0.7rem 0.9rem;
    border: 1px solid var(--line);
    border-radius: 10px;
    background: var(--page);
    font-size: 0.85rem;
    white-space: pre-wrap;
    word-break: break-all;
    user-select: all;
  }
  pre:last-child {
    margin-bottom: 0;
  }
  dl {
    margin-bottom: 1.1rem;
  }
  dl div {
    padding: 0.45rem 0;
  }
  dd {
    font-weight: 400;
    user-select: all;
  }
  h2 small {
    color: var(--soft);
    font-size: 0.9rem;
    font-weight: 400;
  }
  h3 {
    margin: 0;
    font-size: 0.95rem;
    font-weight: 600;
  }
  .rows {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  .rows li {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    gap: 1rem;
    padding: 0.5rem 0;
    border-top: 1px solid var(--line);
  }
  .rows li:first-child {
    border-top: 0;
  }
  .rows span {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .rows small {
    display: block;
    color: var(--soft);
  }
  .rows .amount {
    flex: none;
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
  .rows .amount.in {
    color: var(--good);
  }
  button.quiet {
    border-color: var(--field);
    background: none;
    color: var(--ink);
  }
  .ways {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4rem 1.5rem;
    margin: 1.25rem 0 0;
    padding: 0;
    list-style: none;
  }
`
