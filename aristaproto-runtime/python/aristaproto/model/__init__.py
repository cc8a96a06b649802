"""Messages, enums, extensions and pools, and functions on them."""
