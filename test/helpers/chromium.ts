import { type Browser, chromium } from 'playwright-core'

/** Starts the system's Chromium without a window. It runs as root too, and requests nothing by itself. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking'],
  })
}
