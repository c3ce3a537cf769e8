"""The data of RoomKit: frozen pydantic models without behaviour beyond validation."""

from __future__ import annotations

from roomkit.models import channel, delivery, event, hook, identity, task

# These refer to one another in a circle (an event holds delivery results, a result holds events).
# Pydantic looks the names up in the module of the model, when the model is first used.
channel.__dict__.update(RoomEvent=event.RoomEvent, Task=task.Task, Observation=task.Observation)
delivery.__dict__.update(RoomEvent=event.RoomEvent, Task=task.Task, Observation=task.Observation)
identity.__dict__.update(InjectedEvent=hook.InjectedEvent)
