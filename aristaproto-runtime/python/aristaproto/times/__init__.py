"""Times and durations: their text, and Python values that are exact to the nanosecond."""
