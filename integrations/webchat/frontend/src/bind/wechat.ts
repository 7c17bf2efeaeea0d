interface Bridge {
  invoke: (name: string, options: object) => void;
}

/** WeChat's own browser puts this object into every page. */
const bridge = (): Bridge | undefined => (window as { WeixinJSBridge?: Bridge }).WeixinJSBridge;

export const canClose = (): boolean => bridge() !== undefined;

/** Closes the page: the resident is back in the conversation with the account. */
export const closePage = (): void => bridge()?.invoke("closeWindow", {});
