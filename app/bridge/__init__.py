"""QtCore only: the engine on its own thread, seen from the main thread as signals."""
