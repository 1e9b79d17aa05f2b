"""Downspout: a desktop download manager for S3."""
