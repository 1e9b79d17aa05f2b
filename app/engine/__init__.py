"""The asyncio engine: pool, ledger, downloads, batches. Knows core and its own ports."""
