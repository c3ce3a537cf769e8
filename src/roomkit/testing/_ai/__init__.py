"""The parts of `roomkit.testing.ai_providers`."""
