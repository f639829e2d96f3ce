"""Every metric of a worker, and of a unit of workers."""

from collections.abc import Sequence
from typing import Final

from streams import __version__
from streams.monitoring.metrics import readings
from streams.monitoring.metrics.labels import (
    ACTION,
    CATALOG_HAS,
    CODE,
    EVIDENCE,
    FIELD,
    FINGERPRINT,
    FORMAT,
    FOUND,
    ID_LOOKS,
    INPUT,
    KIND,
    KIOSK,
    NAMED,
    NAMED_IN,
    NOTE,
    OUTPUT,
    REASON,
    SOURCE,
    STAGE,
    VERSION,
)
from streams.monitoring.metrics.metric import Metric, counter, gauge, histogram
from streams.monitoring.metrics.readings import Worker, by_topic

RECORDS: Final[Sequence[Metric[Worker]]] = (
    counter(
        "input_records_total",
        "records",
        "Records taken from each input topic; its rate is the throughput.",
        lambda worker: by_topic(worker.engine.context.counts.consumed),
        INPUT,
    ),
    counter(
        "output_records_total",
        "records",
        "Records sent to each topic, also in checkpoints that were taken back, which readers of "
        "committed records never see.",
        readings.sent,
        OUTPUT,
    ),
    counter(
        "joined_events_total",
        "events",
        "Events of people that were joined to what is known of them.",
        lambda worker: worker.tasks.counts.joined,
    ),
    counter(
        "late_events_total",
        "events",
        "Joined events more than a minute behind the newest of their topic's partition: requests "
        "may have been decided without them.",
        lambda worker: by_topic(worker.tasks.counts.late),
        INPUT,
    ),
    counter(
        "rerouted_records_total",
        "records",
        "Records that lay in another partition than their person's: a producer uses another "
        "partitioner than murmur2.",
        lambda worker: worker.tasks.counts.rerouted,
    ),
    counter(
        "dead_letters_total",
        "records",
        "Records that broke the contract and went to the dead letters; "
        "`unhaunt dead-letters list` shows them.",
        readings.dead_letters,
        CODE,
        SOURCE,
    ),
    counter(
        "ignored_records_total",
        "records",
        "Records in another format than Unhaunt's own that are about something else than what "
        "people bought, said or saw.",
        lambda worker: by_topic(worker.tasks.counts.ignored),
        INPUT,
    ),
    counter(
        "notes_total",
        "fields",
        "Fields of records in other formats that were left out, corrected or derived; "
        "`unhaunt formats check` shows examples.",
        lambda worker: worker.tasks.counts.notes,
        FORMAT,
        FIELD,
        NOTE,
    ),
    counter(
        "product_ids_total",
        "ids",
        "Ids of products in one record of 16, none without a catalog: what is `unknown` meets "
        "nothing that is known by another id, and `unhaunt catalog check` names the most frequent.",
        lambda worker: worker.tasks.counts.product_ids,
        NAMED_IN,
        CATALOG_HAS,
        ID_LOOKS,
    ),
    counter(
        "lost_records_total",
        "records",
        "Records that were deleted from their topic before they were read: its retention is too "
        "short, or no worker ran for too long.",
        lambda worker: by_topic(worker.engine.context.counts.lost),
        INPUT,
    ),
    counter(
        "identity_statements_total",
        "statements",
        "Statements about which ids are one person's, repeats apart; ids that are kiosks share "
        "nothing.",
        lambda worker: worker.tasks.counts.statements,
        ACTION,
        KIOSK,
    ),
    counter(
        "withdrawing_shares_total",
        "records",
        "Shares that take something back from another id, of all those sent.",
        lambda worker: worker.tasks.counts.shares_withdrawing,
    ),
    counter(
        "ids_turned_away_total",
        "ids",
        "Ids for which there was no room beside the newest `identity.max_ids` of their person; "
        "many are of a person that is nobody.",
        lambda worker: worker.tasks.counts.ids_turned_away,
    ),
    counter(
        "contradictions_total",
        "events",
        "Events with the `event_id` of an earlier one of the person and other content: their "
        "sender gives one id to several, of which one counts.",
        lambda worker: worker.tasks.counts.contradictions,
        NAMED,
    ),
    counter(
        "forgotten_facts_total",
        "facts",
        "Facts dropped of persons of whom there were too many, bots say.",
        lambda worker: worker.tasks.counts.forgotten,
        KIND,
    ),
)
DECISIONS: Final[Sequence[Metric[Worker]]] = (
    counter(
        "suppressed_candidates_total",
        "candidates",
        "Candidates of requests that were suppressed, by reason.",
        lambda worker: worker.tasks.counts.suppressed,
        REASON,
    ),
    counter(
        "allowed_candidates_total",
        "candidates",
        "Candidates of requests that were allowed, those of the holdout included.",
        lambda worker: worker.tasks.counts.allowed,
    ),
    counter(
        "ghosted_candidates_total",
        "candidates",
        "Candidates that were allowed only because the person is in the holdout, by the reason "
        "that would have suppressed them.",
        lambda worker: worker.tasks.counts.ghosted,
        REASON,
    ),
    histogram(
        "request_to_decision_seconds",
        "seconds",
        "From the event time of a request to the commit of its decision.",
        lambda worker: worker.tasks.counts.decision_seconds,
    ),
    histogram(
        "event_to_list_seconds",
        "seconds",
        "From the event time of a joined event to the commit after which its person's list knows "
        "of it.",
        lambda worker: worker.tasks.counts.list_seconds,
    ),
    histogram(
        "share_to_list_seconds",
        "seconds",
        "From the newest event of the partition that an id shares from to the commit after which "
        "the other id's list knows of it.",
        lambda worker: worker.tasks.counts.share_seconds,
    ),
    gauge(
        "evidence_behind_seconds",
        "seconds",
        "Freshness of the join: how far the newest purchase and the newest dismissal lie behind "
        "the newest event of their partition, where that is most.",
        readings.evidence_behind,
        EVIDENCE,
    ),
    gauge(
        "newest_event_timestamp_seconds",
        "seconds since 1970",
        "The newest event time that each topic has shown; when it stands still, nothing comes.",
        readings.newest_events,
        INPUT,
    ),
    gauge(
        "policy_info",
        "1",
        "The policy in force.",
        readings.policy,
        VERSION,
        FINGERPRINT,
    ),
    counter(
        "policy_refusals_total",
        "times",
        "How often the policy file was changed to what is no policy; the old one stayed.",
        lambda worker: worker.tasks.counts.policies_refused,
    ),
)
PROGRESS: Final[Sequence[Metric[Worker]]] = (
    gauge(
        "lag_records",
        "records",
        "Offsets that are known to hold what was not taken yet, over the worker's partitions.",
        readings.lag_records,
        INPUT,
    ),
    gauge(
        "lag_seconds",
        "seconds",
        "The age of the event that comes next, in the partition where it is oldest; 0 where all "
        "was taken.",
        readings.lag_seconds,
        INPUT,
    ),
    gauge(
        "waiting_records",
        "records",
        "Records that were fetched and wait for their turn.",
        lambda worker: sum(each.group.waiting for each in worker.processors),
    ),
    gauge(
        "waiting_bytes",
        "bytes",
        "What the records that wait for their turn take in memory, about.",
        lambda worker: sum(each.waiting_bytes for each in worker.processors),
    ),
    gauge(
        "unsent_records",
        "records",
        "Output records on their way to the brokers; when there are ever more, the brokers take "
        "them too slowly.",
        lambda worker: worker.engine.context.strategy.producer.waiting,
    ),
    histogram(
        "batch_records",
        "records",
        "Records that were taken at once.",
        lambda worker: worker.engine.context.counts.batches,
    ),
    histogram(
        "checkpoint_records",
        "records",
        "Records in a checkpoint.",
        lambda worker: worker.engine.context.counts.checkpoints,
    ),
    histogram(
        "checkpoint_seconds",
        "seconds",
        "How long a checkpoint took, until the state was on disk.",
        lambda worker: worker.engine.context.counts.checkpoint_seconds,
    ),
    histogram(
        "event_loop_stall_seconds",
        "seconds",
        "How late the event loop was, looked at ten times a second; batches hold it up.",
        lambda worker: worker.stalls,
    ),
)
STATE: Final[Sequence[Metric[Worker]]] = (
    gauge(
        "stage",
        "1",
        "1 for what the worker is at: joining the group, restoring its state, or working.",
        readings.stages,
        STAGE,
    ),
    gauge(
        "silence_seconds",
        "seconds",
        "Since the worker last got anywhere: fetched, finished a batch or a checkpoint, or "
        "restored records.",
        lambda worker: worker.engine.context.liveness.silence,
    ),
    gauge(
        "partitions",
        "partitions",
        "Partition numbers that are assigned to the worker and open.",
        lambda worker: len(worker.processors),
    ),
    counter(
        "rebalances_total",
        "assignments",
        "How often the group assigned partitions to the worker, none included.",
        lambda worker: worker.engine.context.counts.rebalances,
    ),
    counter(
        "fenced_total",
        "times",
        "How often the group gave the worker up in the middle of its work, which was then void: "
        "it was too busy or cut off for longer than its session.",
        lambda worker: worker.engine.context.counts.fenced,
    ),
    counter(
        "restored_records_total",
        "records",
        "Records of the changelog that were applied to restore states.",
        lambda worker: worker.engine.context.liveness.restored,
    ),
    gauge(
        "restore_left_offsets",
        "offsets",
        "Offsets of the changelog that the restore under way still has to reach; not all of them "
        "are records.",
        lambda worker: worker.engine.context.liveness.left,
    ),
    counter(
        "standby_failures_total",
        "times",
        "How often keeping other workers' states warm failed and began anew.",
        lambda worker: worker.engine.context.counts.standby_failures,
    ),
    gauge(
        "state_bytes",
        "bytes",
        "The state of the worker's partitions on disk, what RocksDB has not flushed yet and "
        "standbys not included.",
        lambda worker: sum(each.store.size for each in worker.processors),
    ),
    gauge(
        "state_keys",
        "keys",
        "About how many keys that state has: one for each person, and one for each time at which "
        "somebody is due.",
        lambda worker: sum(each.store.keys for each in worker.processors),
    ),
    gauge(
        "cached_persons",
        "persons",
        "Decoded persons in memory.",
        lambda worker: sum(task.cached_persons for task in worker.tasks_at_work),
    ),
    counter(
        "person_lookups_total",
        "persons",
        "Persons looked up for a batch by where they were found; the share of `memory` is the hit "
        "rate of the cache.",
        lambda worker: worker.tasks.counts.looked_up,
        FOUND,
    ),
    counter(
        "catalog_records_total",
        "records",
        "Records of the catalog that were read; every worker reads all.",
        lambda worker: worker.tasks.catalog.read,
    ),
    gauge(
        "catalog_products",
        "products",
        "Products in the catalog.",
        lambda worker: len(worker.tasks.catalog.catalog.products),
    ),
    counter(
        "catalog_unburied_records_total",
        "records",
        "Records of the catalog that broke the contract and did not reach the dead letters, since "
        "there were too many at once.",
        lambda worker: worker.tasks.catalog.forgotten,
    ),
    gauge(
        "build_info",
        "1",
        "The version of Unhaunt.",
        lambda _: {__version__: 1},
        VERSION,
    ),
)
METRICS: Final = (*RECORDS, *DECISIONS, *PROGRESS, *STATE)
"""Those of a worker."""
