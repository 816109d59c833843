/** Compiled graphs, kept by engine, so that fifty runs in one process compile once. */
import type { Engine } from '@winning-tickets/jit'

/**
 * Graphs that an engine keeps: the training, dense and masked, and the evaluation of four networks. Each holds the memory of
 * its activations, and a process may come by many networks.
 */
const KEPT = 12

const caches = new WeakMap<Engine, Map<string, Promise<unknown>>>()

/**
 * What `make` gave for this engine and key the first time. A failure is not kept, and the graph that nobody has asked for
 * for longest gives way to a new one; it lives on for those who hold it.
 */
export function compiledOnce<T>(engine: Engine, key: string, make: () => Promise<T>): Promise<T> {
  // A Map remembers the order of insertion: the first entry is the one unused for longest.
  const cache = caches.get(engine) ?? new Map<string, Promise<unknown>>()
  caches.set(engine, cache)
  const known = cache.get(key)
  const made = known ?? make()
  cache.delete(key)
  cache.set(key, made)
  if (known === undefined) {
    made.catch(() => {
      if (cache.get(key) === made) cache.delete(key)
    })
  }
  for (const oldest of cache.keys()) {
    if (cache.size <= KEPT) break
    cache.delete(oldest)
  }
  return made as Promise<T>
}
