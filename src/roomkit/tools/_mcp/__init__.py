"""The parts of `roomkit.tools.mcp`."""
