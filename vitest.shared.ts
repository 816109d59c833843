import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Tests resolve the workspace's packages to their TypeScript sources (the `source` condition of their exports). */
export default defineConfig({
  resolve: { conditions: ['source', 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['src/**/*.test.ts'],
    setupFiles: [fileURLToPath(new URL('vitest.setup.ts', import.meta.url))],
    // For a test that hangs, not for one on a slow machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    passWithNoTests: false,
  },
})
