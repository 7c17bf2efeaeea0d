export const MOST_PICTURES = 4;
export const PICTURE_TYPES = ["image/jpeg", "image/png", "image/webp", "image/gif"] as const;

/** Above this a photo is made smaller: phones take 4–12 MB, a repairer needs to see the fault, not every leaf. */
const SHRINK_ABOVE_BYTES = 1.5 * 1024 * 1024;
const LONGEST_SIDE = 2048;
const QUALITY = 0.85;

export type PictureProblem = "type" | "size" | "empty";

/** What is wrong with a file, or null: found before a slow upload starts. */
export function pictureProblem(file: { type: string; size: number }, mostBytes: number): PictureProblem | null {
  if (!(PICTURE_TYPES as readonly string[]).includes(file.type)) return "type";
  if (file.size === 0) return "empty";
  return file.size > mostBytes ? "size" : null;
}

/** A large photo drawn smaller (this also drops where it was taken); the file itself where that cannot be done. */
export async function shrunk(file: Blob): Promise<Blob> {
  if (file.size <= SHRINK_ABOVE_BYTES || file.type === "image/gif" || typeof createImageBitmap !== "function") return file;
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const smaller = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    return smaller !== null && smaller.size < file.size ? smaller : file;
  } catch {
    return file;
  }
}
