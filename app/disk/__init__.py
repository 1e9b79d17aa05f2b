"""Local files: the target folder, part files, places for state."""
