"""What RoomKit costs, against the same work written out by hand: ``docs/performance.md``."""
