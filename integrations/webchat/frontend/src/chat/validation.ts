import { texts } from "../texts";

/** Digits of a number typed with spaces, dashes or the country code, full-width digits included. */
export function digits(text: string): string {
  const plain = text.normalize("NFKC").replace(/[\s-]/g, "");
  return plain.replace(/^(\+86|0086)/, "");
}

/** What is wrong with a phone number, as a sentence, or null. */
export function phoneProblem(phone: string): string | null {
  const number = digits(phone);
  if (number === "") return texts.bind.phoneEmpty;
  return /^1[3-9]\d{9}$/.test(number) ? null : texts.bind.phoneWrong;
}

/** What is wrong with a one-time code (six digits), as a sentence, or null. */
export function codeProblem(code: string): string | null {
  const number = digits(code);
  if (number === "") return texts.bind.codeEmpty;
  return /^\d{6}$/.test(number) ? null : texts.bind.codeWrong;
}
