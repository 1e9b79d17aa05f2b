"""QtWidgets: models, views, delegates, dialogs. Knows bridge and core."""
