"""Hostile input in numbers: millions of damaged messages through both codecs, and bombs; see `__main__`."""

BLOCK = 1000
"""Inputs that are drawn from one seed, and compared by one digest."""
