import { css } from '../../html/inline.ts'

/** Beside each other where there is room: the contents and the page, arguments and samples. */
export const wideStyle = css`
  @media (min-width: 40rem) {
    .pair {
      grid-template-columns: 1fr 1fr;
    }
  }
  @media (min-width: 64rem) {
    main {
      display: grid;
      grid-template-columns: 17rem minmax(0, 1fr);
      gap: 2rem;
      max-width: 84rem;
      padding-top: 0;
    }
    .reference {
      padding-top: 1.5rem;
    }
    .search {
      grid-template-columns: auto 1fr auto;
      margin: 2rem 0 0;
      padding: 0.6rem 0;
    }
    kbd {
      display: block;
      padding: 0 0.6rem;
      border: 1px solid var(--field);
      border-radius: 6px;
      color: var(--soft);
    }
    .reference > p {
      max-width: 46rem;
    }
    nav {
      position: sticky;
      top: 0;
      display: block;
      height: 100vh;
      padding: 1.5rem 1rem 1.5rem 0.25rem;
      overflow-y: auto;
      border-right: 1px solid var(--line);
    }
    nav a {
      display: block;
      padding: 0.2rem 0;
      color: var(--soft);
      font-size: 0.9rem;
      text-decoration: none;
    }
    nav a:hover {
      color: var(--ink);
      text-decoration: underline;
    }
    nav .group {
      margin-top: 0.9rem;
      color: var(--ink);
      font-weight: 600;
    }
    .columns {
      display: grid;
      grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
      gap: 2rem;
    }
    .columns > div > :first-child {
      margin-top: 0.5rem;
    }
  }
`
