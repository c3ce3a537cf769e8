"""A support desk: a web chat, telephones, an assistant, and the console of a human expert.

Everything runs in this one process and keeps nothing: RoomKit in memory, a stand-in for the
telephone company, and a scripted assistant. ``python -m examples.support_desk`` serves it.
"""
