/** Compiled graphs, kept by engine, so that fifty runs in one process compile once. */
import type { Engine } from '@winning-tickets/jit'

/** Graphs that an engine keeps: each holds the memory of its activations, and a process may come by many networks. */
const KEPT = 12

interface Disposable {
  dispose(): Promise<void>
}

const caches = new WeakMap<Engine, Map<string, Promise<Disposable>>>()

/**
 * What `make` gave for this engine and key the first time. A failure is not kept, and the graph that nobody has asked for
 * for longest gives way to a new one: ask again for every use.
 */
export function compiledOnce<T extends Disposable>(engine: Engine, key: string, make: () => Promise<T>): Promise<T> {
  // A Map remembers the order of insertion: the first entry is the one unused for longest.
  const cache = caches.get(engine) ?? new Map<string, Promise<Disposable>>()
  caches.set(engine, cache)
  const known = cache.get(key)
  const made = known ?? make()
  cache.delete(key)
  cache.set(key, made)
  if (known === undefined) made.catch(() => cache.delete(key))
  for (const [oldest, graph] of cache) {
    if (cache.size <= KEPT) break
    cache.delete(oldest)
    graph.then((unused) => unused.dispose()).catch(() => {})
  }
  // Under one key there is one type: the key names everything that the graph depends on.
  return made as Promise<T>
}
