/** Where files that can be made or fetched again are kept. */
import { isAbsolute, join } from 'node:path'
import envPaths from 'env-paths'

/** Environment variables, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The project's folder in the user's cache: $XDG_CACHE_HOME/winning-tickets if that variable is set (on every platform;
 * a relative path is ignored, as the XDG specification demands), else the platform's place (~/.cache/winning-tickets).
 */
export function cacheFolder(env: Environment = process.env): string {
  const base = env.XDG_CACHE_HOME
  return base !== undefined && isAbsolute(base)
    ? join(base, 'winning-tickets')
    : envPaths('winning-tickets', { suffix: '' }).cache
}
