"""A support desk: one conversation on a web page, on a telephone and with an assistant.

Everything runs in this one process and keeps nothing: RoomKit in memory, a stand-in for the
telephone company, and a scripted assistant. ``python -m examples.support_desk`` serves it.
"""
