"""What the codecs know of a message class: its fields, resolved, and its constructor."""
