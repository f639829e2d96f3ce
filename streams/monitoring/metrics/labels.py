"""The labels of the metrics. Each can have only so many values, however much there is to count."""

from typing import Final, get_args

from schemas.adapters.formats import ADAPTERS, AUTO, ENVELOPE_FIELDS, OWN
from schemas.adapters.notes import KINDS as NOTE_KINDS
from schemas.adapters.notes import OTHER
from schemas.outputs import ErrorCode
from schemas.records import IdentityAction
from schemas.topics import PERSON_TOPICS, SHARES
from streams.monitoring.metrics.metric import Label
from streams.monitoring.metrics.readings import REROUTE, STAGES
from streams.suppression.contradictions import TOPICS
from streams.suppression.product_ids import FOUND as FOUND_AS
from streams.suppression.product_ids import LOOKS, NAMING
from streams.suppression.surplus import KINDS
from streams.suppression.words import REASONS

INPUT: Final = Label(
    "topic", "the input topic, by its default name", (*PERSON_TOPICS, SHARES, REROUTE)
)
EVIDENCE: Final = Label("topic", "the topic of the evidence", ("purchases", "dismissals"))
NAMED: Final = Label(
    "topic", "the topic of such events in Unhaunt's own format", (*TOPICS.values(),)
)
OUTPUT: Final = Label(
    "topic",
    "the output topic, by its default name",
    ("decisions", "suppressions", "dead-letters", SHARES, REROUTE, "changelog"),
)
REASON: Final = Label("reason", "the reason that ranks first", REASONS)
CODE: Final = Label("code", "what is wrong", get_args(ErrorCode))
SOURCE: Final = Label(
    "source", "the topics that people's records are on, or the catalog", ("persons", "catalog")
)
FOUND: Final = Label("found", "where a person was found", ("memory", "disk", "nowhere"))
NAMED_IN: Final = Label("topic", "the topic whose records name products", NAMING)
CATALOG_HAS: Final = Label("catalog", "as what the catalog has the id", FOUND_AS)
ID_LOOKS: Final = Label(
    "looks", "digits only, a prefix such as `wc_post_id_` before them, or something else", LOOKS
)
ACTION: Final = Label("action", "what is said of two ids", get_args(IdentityAction))
KIOSK: Final = Label(
    "kiosk", "whether the id has more persons than `identity.max_persons`", ("yes", "no")
)
KIND: Final = Label("kind", "the kind of fact", KINDS)
STAGE: Final = Label("stage", "what the worker is at", STAGES)
VERSION: Final = Label("version", "a version; one at a time")
FINGERPRINT: Final = Label("fingerprint", "changes with any value of the policy; one at a time")
WORKER: Final = Label("worker", "the name of the worker; as many as the unit has processes")
FORMAT: Final = Label("format", "the format that the record has", (*ADAPTERS, OWN, AUTO))
FIELD: Final = Label(
    "field",
    "the field in the sender's own words, without positions",
    (
        *sorted(
            {field for adapter in ADAPTERS.values() for field in adapter.fields.values()}
            | {*ENVELOPE_FIELDS.values(), OTHER}
        ),
    ),
)
NOTE: Final = Label("kind", "what became of the field", NOTE_KINDS)
