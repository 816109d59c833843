/** What a worker keeps from stage to stage: engines, compiled graphs, data sets. */
import type { Cache } from '../stage/types.js'

interface Entry {
  readonly value: Promise<object>
  readonly dispose: () => Promise<void>
}

/** A cache of at most `limit` values; the one unused for longest gives way. */
export function createCache(limit = 24): Cache {
  // A Map remembers the order of insertion: the first entry is the one unused for longest.
  const entries = new Map<string, Entry>()
  return {
    async get<T extends object>(key: string, make: () => Promise<T>, dispose?: (value: T) => Promise<void>) {
      const found = entries.get(key)
      if (found !== undefined) {
        entries.delete(key)
        entries.set(key, found)
        // Under one key there is one type: the key names everything that the value depends on.
        return found.value as Promise<T>
      }
      const value = make()
      entries.set(key, { value, dispose: async () => dispose?.(await value) })
      value.catch(() => entries.delete(key))
      for (const [oldest, entry] of entries) {
        if (entries.size <= limit) break
        entries.delete(oldest)
        await entry.dispose()
      }
      return value
    },
  }
}
