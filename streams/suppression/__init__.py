"""The domain: from evidence, by a policy, to claims, decisions and lists.

Pure: no input or output, no clock, no Kafka. It imports only `schemas`, msgspec and the standard
library.
"""
