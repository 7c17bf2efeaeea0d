"""The terminal: results go to standard output, how the work goes to standard error."""

from rich.console import Console

# Hard wrapping would cut long paths and URLs, which then cannot be copied; markup would eat what stands in [brackets].
out = Console(soft_wrap=True, highlight=False, markup=False)
progress = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
