"""From a level to a person: what deserves a mail, what mutes it, how it reads, and that it leaves exactly once.

`transitions.decide` gives changes of alerts, `silencing` who may be told, `message` letters; `outbox` and `smtp` send.
This room keeps nothing: the store does, and is handed in where something must be remembered.
"""
