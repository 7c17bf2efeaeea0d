"""Whether residents are understood: the trained model on messages whose writers saw no training message."""
