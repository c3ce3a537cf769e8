"""The parts of `roomkit.channels.ai.AIChannel`."""
