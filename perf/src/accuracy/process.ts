/** Running a program for the last line that it writes. */
import { spawn } from 'node:child_process'

/** @throws Error with the last line of its errors, if it fails */
export async function lastLineOf(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2000)
  })
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`${command} failed: ${errors.trim().split('\n').at(-1) ?? `exit code ${code}`}`)
  return output.trim().split('\n').at(-1)!
}
