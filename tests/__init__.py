"""The tests of RoomKit."""
