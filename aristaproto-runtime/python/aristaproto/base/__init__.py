"""What everything else stands on: errors, limits, names, wire bytes. No messages."""
