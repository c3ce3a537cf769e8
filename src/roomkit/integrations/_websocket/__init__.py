"""The WebSocket protocol of docs/websocket-protocol.md, for any web framework."""
