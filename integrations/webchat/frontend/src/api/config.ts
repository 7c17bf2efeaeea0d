import { backoff, sleep } from "../lib/backoff";
import { getJson } from "./http";
import type { SiteConfig } from "./types";

const LONGEST_PAUSE_MS = 5_000;

/** The server's public settings; asked again until they come. */
export async function loadConfig(failed: () => void = () => undefined): Promise<SiteConfig> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await getJson<SiteConfig>("/api/config");
    } catch {
      failed();
      await sleep(Math.min(backoff(attempts), LONGEST_PAUSE_MS));
    }
  }
}
