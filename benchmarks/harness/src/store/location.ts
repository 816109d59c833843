/** Where the store is when nobody says. */
import { join, resolve } from 'node:path'
import { cacheFolder } from '@winning-tickets/core'

/**
 * The store's folder: the given one, else TICKETS_STORE, else `winning-tickets/store` in the user's cache folder (XDG).
 * Never in the checkout: evidence outlives a clone.
 */
export function storeLocation(given: string | undefined): string {
  const chosen = given ?? process.env.TICKETS_STORE
  return chosen ? resolve(chosen) : join(cacheFolder(), 'store')
}
