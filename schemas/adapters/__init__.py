"""Adapters: events as other systems write them, read as records of SPEC 2.

Each takes the JSON of one value and says in our terms what it comes to. None of them knows of
Kafka or keeps anything; `schemas.adapters.formats` names them all.
"""
