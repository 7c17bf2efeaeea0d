import { reactive } from "vue";

import type { SiteConfig } from "../../api/types";

/** What the server takes; the values of its default settings until `/api/config` has answered. */
export interface Limits {
  textCharacters: number;
  uploadBytes: number;
}

export function createLimits(): Limits {
  return reactive({ textCharacters: 2_000, uploadBytes: 8 * 1024 * 1024 });
}

export function applyConfig(limits: Limits, config: SiteConfig): void {
  if (config.text_limit > 0) limits.textCharacters = config.text_limit;
  if (config.upload_limit_bytes > 0) limits.uploadBytes = config.upload_limit_bytes;
}
