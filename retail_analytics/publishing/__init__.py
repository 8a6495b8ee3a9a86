"""From an executed notebook to a page that readers can trust, and the shelf where it stands."""
