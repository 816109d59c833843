/** Compiled graphs, kept for the life of an engine, so that fifty runs in one process compile once. */
import type { Engine } from '@winning-tickets/jit'

const caches = new WeakMap<Engine, Map<string, Promise<unknown>>>()

/** What `make` gave for this engine and key the first time. A failure is not kept. Graphs live as long as
 * their engine. */
export function compiledOnce<T>(engine: Engine, key: string, make: () => Promise<T>): Promise<T> {
  let cache = caches.get(engine)
  if (cache === undefined) {
    cache = new Map()
    caches.set(engine, cache)
  }
  const known = cache.get(key)
  if (known !== undefined) return known as Promise<T>
  const made = make()
  cache.set(key, made)
  made.catch(() => cache.delete(key))
  return made
}
