"""A faithful fake of WeChat: its servers, residents' phones, and a page that shows one phone (docs/wechat.md)."""
