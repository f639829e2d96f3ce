"""Adapters: events as other systems write them, read as records of SPEC 2.

Each reads the JSON of one value and gives the records that it comes to. None of them knows of
Kafka or keeps anything; `schemas.adapters.formats` names them all.
"""
