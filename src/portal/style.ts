import { css } from '../html/inline.ts'

/** What a site's pages have besides the console's. */
export const portalStyle = css`
  .bar form {
    margin-left: auto;
  }
  td .button {
    display: inline-block;
    margin-bottom: 0.3rem;
    white-space: nowrap;
  }
  @media (min-width: 46.01rem) {
    td:first-child {
      min-width: 13rem;
    }
  }
  @media (max-width: 46rem) {
    td:last-child {
      flex-basis: 100%;
    }
    td:empty {
      display: none;
    }
  }
`
