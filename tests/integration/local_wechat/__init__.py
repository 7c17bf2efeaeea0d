"""The local WeChat over real connections."""
