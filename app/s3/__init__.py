"""S3 over botocore and libcurl; their errors become core.errors at this border."""
