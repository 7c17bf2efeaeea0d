"""The terminal: results go to standard output, how the work goes to standard error."""

from rich.console import Console

# Without soft wrapping rich cuts long paths and URLs into lines that cannot be copied.
out = Console(soft_wrap=True, highlight=False)
progress = Console(stderr=True, soft_wrap=True, highlight=False)
