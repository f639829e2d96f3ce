"""What the ids of one person share (SPEC 9): links between ids, and what goes over them.

Plain functions, as in all of `streams.suppression`. An id without links has nothing of this.

- `statements`, `sessions`, `standing`: what is stated of a leaf, and who may have what by it
- `links`, `stored`: what is known of the links of one id, beside its own evidence
- `fact_sets`, `union`: facts that are never changed, and those that count for an id as one set
- `sharing`, `upward`, `downward`, `share_records`: what changed since an id last shared
- `receiving`: what others share, taken in or ignored
- `keeping`, `impressions`: how long facts stay beside those of others, and how many
"""
