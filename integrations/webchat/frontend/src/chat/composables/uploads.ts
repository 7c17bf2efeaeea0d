import { type Ref, ref } from "vue";

import { sentenceOf } from "../../api/errors";
import type { Http } from "../../api/http";
import type { Upload } from "../../api/types";
import { newId } from "../../lib/ids";
import { MOST_PICTURES, pictureProblem, shrunk } from "../../lib/image";
import { texts } from "../../texts";
import type { Limits } from "./limits";

const PROBLEMS = { type: texts.pictures.wrongType, empty: texts.pictures.empty } as const;
const megabytes = (bytes: number): number => Math.floor(bytes / (1024 * 1024));

export interface PictureDraft {
  key: string;
  name: string;
  preview: string;
  state: "uploading" | "done" | "failed";
  /** 0 to 1 */
  progress: number;
  problem: string | null;
  upload: Upload | null;
}

/** Pictures of sent and unsent messages as object URLs; the server gives them only to this visitor's token. */
export interface PictureCache {
  url: (uploadId: string) => Promise<string>;
  remember: (uploadId: string, url: string) => void;
  forget: () => void;
}

export function createPictureCache(http: Http): PictureCache {
  const urls = new Map<string, Promise<string>>();
  return {
    url(uploadId) {
      let found = urls.get(uploadId);
      if (found === undefined) {
        found = http.blob(`/api/webchat/uploads/${encodeURIComponent(uploadId)}`).then((blob) => URL.createObjectURL(blob));
        found.catch(() => urls.delete(uploadId));
        urls.set(uploadId, found);
      }
      return found;
    },
    remember: (uploadId, url) => void urls.set(uploadId, Promise.resolve(url)),
    forget: () => urls.clear(),
  };
}

export interface Uploads {
  pictures: Ref<PictureDraft[]>;
  /** Why the last file was not taken, or null. */
  refusal: Ref<string | null>;
  add: (files: Iterable<File>) => void;
  retry: (key: string) => void;
  remove: (key: string) => void;
  /** The uploaded pictures' ids; empties the tray. */
  take: () => string[];
}

/** The pictures chosen for the next message: checked here, uploaded at once, sent with the message. */
export function createUploads(http: Http, cache: PictureCache, limits: Limits): Uploads {
  const pictures = ref<PictureDraft[]>([]);
  const refusal = ref<string | null>(null);
  const work = new Map<string, { file: File; stop: AbortController }>();

  const find = (key: string): PictureDraft | undefined => pictures.value.find((picture) => picture.key === key);

  function remove(key: string): void {
    work.get(key)?.stop.abort();
    work.delete(key);
    refusal.value = null;
    const picture = find(key);
    if (picture !== undefined) URL.revokeObjectURL(picture.preview);
    pictures.value = pictures.value.filter((other) => other.key !== key);
  }

  async function transfer(key: string): Promise<void> {
    const job = work.get(key);
    const picture = find(key);
    if (job === undefined || picture === undefined) return;
    Object.assign(picture, { state: "uploading", progress: 0, problem: null });
    try {
      const file = await shrunk(job.file);
      if (pictureProblem(file, limits.uploadBytes) !== null) {
        // Over the limit, and the browser cannot make it smaller.
        remove(key);
        refusal.value = texts.pictures.tooLarge(megabytes(limits.uploadBytes));
        return;
      }
      const progress = (share: number): void => void (picture.progress = share);
      const upload = await http.upload<Upload>("/api/webchat/uploads", file, job.file.name, progress, job.stop.signal);
      cache.remember(upload.id, picture.preview);
      Object.assign(picture, { state: "done", progress: 1, upload });
    } catch (error) {
      Object.assign(picture, { state: "failed", problem: sentenceOf(error) });
    }
  }

  return {
    pictures,
    refusal,
    add(files) {
      refusal.value = null;
      for (const file of files) {
        const problem = pictureProblem(file, limits.uploadBytes);
        if (pictures.value.length >= MOST_PICTURES) {
          refusal.value = texts.pictures.tooMany(MOST_PICTURES);
          return;
        }
        if (problem !== null && problem !== "size") {
          refusal.value = PROBLEMS[problem];
          continue;
        }
        const key = newId();
        const preview = URL.createObjectURL(file);
        work.set(key, { file, stop: new AbortController() });
        pictures.value.push({ key, name: file.name, preview, state: "uploading", progress: 0, problem: null, upload: null });
        void transfer(key);
      }
    },
    retry: (key) => void transfer(key),
    remove,
    take() {
      const ids = pictures.value.flatMap(({ upload }) => (upload === null ? [] : [upload.id]));
      pictures.value = [];
      work.clear();
      refusal.value = null;
      return ids;
    },
  };
}
