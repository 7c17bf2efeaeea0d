"""The local WeChat judges, retries, counts and refuses as the platform does."""
