/** Loads a module of the page. It has no types, because the page has no build step. */
export const load = (name: string) => import(new URL(`../../src/page/${name}.js`, import.meta.url).href)
