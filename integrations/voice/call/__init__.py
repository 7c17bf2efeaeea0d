"""One telephone call: what is heard, what is said, what keys mean. Knows no transport and no engine."""
