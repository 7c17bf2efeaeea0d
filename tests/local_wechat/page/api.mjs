// Calls of the local WeChat. Every function throws `Refused` where the answer is no.
export class Refused extends Error {
  constructor(status) {
    super(String(status));
    this.status = status;
  }
}

async function call(path, { method = "GET", json, form, signal } = {}) {
  const options = { method, signal };
  if (json !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(json);
  }
  if (form) options.body = form;
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Refused(answer.status);
  return answer.status === 204 ? null : answer.json();
}

export const state = () => call("/local/state");
export const move = (seconds) => call("/local/clock", { method: "POST", json: { seconds } });

const BASES = { wechat: "/local/residents", wecom: "/local/wecom/customers" };
export const residents = (channel) => call(BASES[channel]);
export const addResident = (channel, account) => call(BASES[channel], { method: "POST", json: { account } });

export function phoneOf(channel, openId) {
  const base = `${BASES[channel]}/${encodeURIComponent(openId)}`;
  return {
    hold: () => call(`${base}/hold`, { method: "POST" }),
    chat: (after, version, signal) =>
      call(`${base}/chat?after=${after}&version=${version}&wait=${version < 0 ? 0 : 20}`, { signal }),
    pushes: () => call(`${base}/pushes`),
    act: (act, given = {}) => call(`${base}/${act}`, { method: "POST", json: given }),
    media: (kind, file) => {
      const form = new FormData();
      form.set("kind", kind);
      if (file) form.set("file", file);
      return call(`${base}/media`, { method: "POST", form });
    },
  };
}
