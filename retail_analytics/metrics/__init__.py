"""Every number we publish, by subject."""
