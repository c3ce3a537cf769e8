"""Connections between a kit and the frameworks that applications are built with."""
