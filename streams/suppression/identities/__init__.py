"""What the ids of one person share (SPEC 9): links between ids, and what goes over them.

Plain functions as in all of `streams.suppression`. An id without links has nothing of this.
"""
