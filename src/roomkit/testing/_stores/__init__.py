"""The parts of `roomkit.testing.StoreContract`, one file for each kind of rule."""
