"""Language models: the interface, its data, and a scripted stand-in."""
